"""What every page has: headers, language, errors in the person's words."""

from __future__ import annotations


def test_a_page_forbids_inline_script_and_framing(client):
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_an_unknown_address_is_told_in_the_chosen_language(client):
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text
    assert '<html lang="en">' in answer.text


def test_the_language_is_kept_and_the_way_back_stays_on_this_site(client):
    answer = client.post(
        "/language", data={"language": "zh_Hans_CN", "back": "https://elsewhere.example/x"}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    assert '<html lang="zh-CN">' in client.get("/no-such-page").text


def test_readiness_says_whether_the_database_is_at_this_codes_revision(client):
    assert client.get("/readyz").json == {"ready": True}
