from __future__ import annotations

import io
import re
from datetime import timedelta

import html5lib
import pytest
import sqlalchemy as sa
from make import NOW

from listings import db, licences, parties
from listings.licences import Licence, LicenceKind
from listings.lots import Route
from listings.parties import Kind, Organisation, Role
from listings.users import User
from market import letters, mails

PDF = b"%PDF-1.7 scan"


@pytest.fixture(autouse=True)
def _light(monkeypatch):
    monkeypatch.setenv("PACKBOURSE_LIGHT_PASSWORDS", "1")


def read(response):
    text = response.get_data(as_text=True)
    html5lib.HTMLParser(strict=True).parse(text)
    return text


@pytest.fixture
def firm(made):
    """A firm with people of every role, an operator and a stranger of the same kind."""
    with made() as make:
        mine = make.organisation(Kind.SECOND_LIFE, bank_account="", approved_at=None)
        other = make.organisation(Kind.SECOND_LIFE)
        operator = make.organisation(Kind.OPERATOR)
        found = {role: make.member(mine, role) for role in Role}
        return {
            "mine": mine,
            **found,
            "stranger": make.member(other),
            "operator": make.member(operator),
            "operator_clerk": make.member(operator, Role.CLERK),
        }


def test_each_role_sees_the_organisation_and_only_administrators_change_it(firm, sign_in):
    for role in Role:
        browser = sign_in(firm[role])
        page = read(browser.get("/organisation"))
        assert firm["mine"].credit_code in page
        assert ("/organisation/bank" in page) is (role is Role.ADMIN)
        for path in ("/organisation/details", "/organisation/bank", "/organisation/four-eyes"):
            expected = 200 if role is Role.ADMIN else 403
            assert browser.get(path).status_code == expected, (role, path)
            data = {"bank_name": "行", "bank_account": "62220000", "step": "on"}
            posted = browser.post(path, data=data)
            assert posted.status_code == (303 if role is Role.ADMIN else 403)


def test_the_bank_account_asks_for_the_password_again(firm, sign_in):
    browser = sign_in(firm[Role.ADMIN], is_recent=False)
    assert 'name="password"' in read(browser.get("/organisation/bank"))
    sent = {"bank_name": "中国银行", "bank_account": "6222 0001 2345"}
    refused = browser.post("/organisation/bank", data=sent)
    assert refused.status_code == 422
    page = read(refused)
    assert "Enter your password to confirm." in page
    assert 'value="6222 0001 2345"' in page
    with db.transaction() as session:
        assert session.get(Organisation, firm["mine"].id).bank_account == ""


def test_what_was_typed_into_a_refused_account_stays(firm, sign_in):
    browser = sign_in(firm[Role.ADMIN])
    refused = browser.post(
        "/organisation/bank", data={"bank_name": "中国银行", "bank_account": "12"}
    )
    assert refused.status_code == 422
    page = read(refused)
    assert 'value="12"' in page
    assert 'href="#f-bank_account"' in page


def test_an_invitation_is_shown_once_and_makes_a_colleague(firm, sign_in, client):
    admin = sign_in(firm[Role.ADMIN])
    refused = admin.post("/people/invite", data={"email": "nonsense", "role": "signer"})
    assert refused.status_code == 422
    assert 'value="nonsense"' in read(refused)
    sent = admin.post("/people/invite", data={"email": "new@example.com", "role": "signer"})
    path = re.search(r"http://localhost(/invitations/[\w-]+)", read(sent)).group(1)
    assert path not in read(admin.get("/people"))
    assert firm["mine"].name_en in read(client.get(path))
    short = client.post(path, data={"name": "新人", "password": "short"})
    assert short.status_code == 422
    assert 'value="新人"' in read(short)
    assert client.post(path, data={"name": "新人", "password": "long enough"}).location == "/"
    assert "Signer" in read(client.get("/"))
    assert client.get(path).status_code == 404


def test_an_invitation_goes_to_its_address_and_the_inviter_never_sees_it(
    firm, sign_in, client, monkeypatch
):
    box = []
    monkeypatch.setenv("MAIL_SERVER", "mail.example")
    monkeypatch.setattr(mails, "hand_over", box.append)
    admin = sign_in(firm[Role.ADMIN])
    data = {"email": "new@example.com", "role": "signer"}
    answer = admin.post("/people/invite", data=data, follow_redirects=True)
    page = read(answer)
    assert "A letter to new@example.com is on its way." in page
    assert "not mailed yet" in page
    assert "/invitations/" not in page.replace("/people/invitations/", "")
    letters.deliver(at=NOW)
    assert "not mailed yet" not in read(admin.get("/people"))
    first = way_in(box[0])
    (again,) = re.findall(r"/people/invitations/\d+/resend", read(admin.get("/people")))
    assert admin.post(again).location == "/people"
    letters.deliver(at=NOW)
    assert client.get(first).status_code == 404
    path = way_in(box[1])
    page = client.get(path)
    assert page.headers["Cache-Control"] == "no-store"
    assert client.post(path, data={"name": "新人", "password": "long enough"}).location == "/"
    assert admin.post(again).status_code == 404


def way_in(mail):
    return re.search(r"http://[^/]+(/invitations/[\w-]{43})", mail.get_content()).group(1)


def test_without_a_mail_server_the_page_says_why_the_address_is_shown(firm, sign_in):
    admin = sign_in(firm[Role.ADMIN])
    data = {"email": "new@example.com", "role": "signer"}
    sent = admin.post("/people/invite", data=data)
    assert "No mail server is set up here, so no letter can be sent." in read(sent)
    assert sent.headers["Cache-Control"] == "no-store"
    (again,) = re.findall(r"/people/invitations/\d+/resend", read(admin.get("/people")))
    assert "http://localhost/invitations/" in read(admin.post(again))
    assert sign_in(firm["stranger"]).post(again).status_code == 404
    assert sign_in(firm[Role.APPROVER]).post(again).status_code == 403


def test_accepting_an_invitation_proves_no_password(firm, sign_in, made):
    admin, guest = sign_in(firm[Role.ADMIN]), sign_in(firm["stranger"], is_recent=False)
    with db.transaction() as session:
        email = session.get_one(User, firm["stranger"].user_id).email
    sent = admin.post("/people/invite", data={"email": email, "role": "admin"})
    path = re.search(r"http://localhost(/invitations/[\w-]+)", read(sent)).group(1)
    assert guest.post(path).location == "/"
    assert firm["mine"].credit_code in read(guest.get("/organisation"))
    refused = guest.post("/organisation/bank", data={"bank_name": "行", "bank_account": "6" * 12})
    assert refused.status_code == 422


def test_invitations_to_one_address_are_counted(firm, sign_in):
    admin = sign_in(firm[Role.ADMIN])
    data = {"email": "new@example.com", "role": "viewer"}
    codes = [admin.post("/people/invite", data=data).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


def test_four_eyes_end_with_the_second_administrator(firm, sign_in, made, clock):
    path = "/organisation/four-eyes"
    admin = sign_in(firm[Role.ADMIN])
    assert admin.post(path, data={"step": "on"}).status_code == 303
    refused = admin.post(path, data={"step": "ask"})
    assert refused.status_code == 422
    assert "Make a colleague an administrator under People" in read(refused)
    with made() as make:
        mine = make.session.get_one(Organisation, firm["mine"].id)
        colleague = make.member(mine)
    second = sign_in(colleague)
    assert admin.post(path, data={"step": "ask"}).status_code == 303
    assert "another one approves" in read(admin.get(path))
    assert "asks to end four eyes" in read(second.get("/"))
    alone = admin.post(path, data={"step": "approve"})
    assert "You asked for this yourself" in read(alone)
    early = second.post(path, data={"step": "approve"})
    assert "has been an administrator for seven days" in read(early)
    clock.at = NOW + timedelta(days=7)
    second = sign_in(colleague)
    assert "Approve: end four eyes" in read(second.get(path))
    assert second.post(path, data={"step": "approve"}).status_code == 303
    with db.transaction() as session:
        assert not session.get_one(Organisation, firm["mine"].id).has_four_eyes


def test_an_invitation_is_not_accepted_by_somebody_else(firm, sign_in):
    admin, stranger = sign_in(firm[Role.ADMIN]), sign_in(firm["stranger"])
    sent = admin.post("/people/invite", data={"email": "new@example.com", "role": "admin"})
    path = re.search(r"http://localhost(/invitations/[\w-]+)", read(sent)).group(1)
    refused = stranger.post(path)
    assert refused.status_code == 422
    assert "This invitation is for new@example.com" in read(refused)


def test_roles_change_and_end_in_the_own_organisation_only(firm, sign_in):
    with db.transaction() as session:
        clerk = session.scalar(
            sa.select(parties.Membership).where(
                parties.Membership.user_id == firm[Role.CLERK].user_id
            )
        )
    admin, stranger = sign_in(firm[Role.ADMIN]), sign_in(firm["stranger"])
    path = f"/people/{clerk.id}"
    assert stranger.post(f"{path}/role", data={"role": "admin"}).status_code == 404
    assert stranger.post(f"{path}/end").status_code == 404
    assert admin.post(f"{path}/role", data={"role": "king"}).status_code == 422
    assert admin.post(f"{path}/role", data={"role": "trader"}).status_code == 303
    with db.transaction() as session:
        person, ours = firm[Role.CLERK].user_id, firm["mine"].id
        assert parties.acting_for(session, person, ours).role is Role.TRADER
    admin.post(f"{path}/end")
    with db.transaction() as session:
        assert parties.acting_for(session, person, ours) is None


def submit(browser, **more):
    sent = {
        "kind": "discharge_permit",
        "number": "排-1",
        "issued_by": "生态环境局",
        "goods_category": "waste_battery",
        "yearly_tonnage": "1,200.5",
        "valid_from": "2026-01-01",
        "valid_until": "2028-12-31",
        "document": (io.BytesIO(PDF), "permit.pdf"),
    } | more
    return browser.post("/licences/new", data=sent, content_type="multipart/form-data")


def test_a_document_goes_to_the_operator_and_back_with_the_reason(firm, sign_in):
    clerk, desk = sign_in(firm[Role.CLERK]), sign_in(firm["operator"])
    assert "cannot be bought today" in read(clerk.get("/licences"))
    assert submit(clerk).status_code == 303
    assert "Waiting for a decision" in read(clerk.get("/licences"))
    page = read(desk.get("/desk"))
    (path,) = re.findall(r"/desk/licences/\d+", page)
    assert "排-1" in read(desk.get(path))
    refused = desk.post(path, data={"decision": "reject", "reason": ""})
    assert refused.status_code == 422
    assert "Give the reason" in read(refused)
    assert desk.post(path, data={"decision": "reject", "reason": "模糊"}).location == "/desk"
    page = read(clerk.get("/"))
    assert "was rejected: 模糊" in page
    assert "模糊" in read(clerk.get("/licences"))
    again = desk.post(path, data={"decision": "approve"})
    assert again.status_code == 409


def test_three_approved_documents_open_the_route(firm, sign_in):
    clerk, desk = sign_in(firm[Role.CLERK]), sign_in(firm["operator"])
    for kind in licences.UTILIZATION_DOCUMENTS:
        submit(clerk, kind=kind.value, document=(io.BytesIO(PDF), "x.pdf"))
    for path in re.findall(r"/desk/licences/\d+", read(desk.get("/desk"))):
        desk.post(path, data={"decision": "approve"})
    page = read(clerk.get("/licences"))
    assert "let you buy lots for this route today" in page
    assert "1,200.500 t" in page
    with db.transaction() as session:
        licences.demand_buyer(session, firm["mine"].id, Route.CASCADE, NOW.date())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"document": (io.BytesIO(b"MZ"), "x.exe")}, "Upload a PDF, PNG or JPEG"),
        ({"valid_until": "soon"}, "“soon” is not a date"),
        ({"valid_until": "2025-01-01"}, "before it begins"),
        ({"yearly_tonnage": "many"}, "“many” is not a number"),
        ({"kind": "crown"}, "“crown” is not one of the choices"),
    ],
)
def test_bad_input_gets_a_sentence_and_stays(firm, sign_in, wrong, sentence):
    refused = submit(sign_in(firm[Role.CLERK]), **wrong)
    assert refused.status_code == 422
    page = read(refused)
    assert sentence in page
    assert 'value="排-1"' in page


def test_a_scan_is_for_its_organisation_and_the_operator(firm, sign_in, client):
    submit(sign_in(firm[Role.CLERK]))
    with db.transaction() as session:
        licence = session.scalar(sa.select(Licence.id))
    path = f"/licences/{licence}/document"
    for who in (Role.VIEWER, "operator"):
        response = sign_in(firm[who]).get(path)
        assert response.data == PDF
        assert response.mimetype == "application/pdf"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert sign_in(firm["stranger"]).get(path).status_code == 404
    assert client.get(path).status_code == 303


def test_only_the_operator_reaches_the_desk_and_only_who_decides_decides(firm, sign_in):
    path = f"/desk/organisations/{firm['mine'].id}"
    for who in (Role.ADMIN, "stranger"):
        assert sign_in(firm[who]).get("/desk").status_code == 403
        assert sign_in(firm[who]).post(path).status_code == 403
    clerk = sign_in(firm["operator_clerk"])
    assert firm["mine"].name in read(clerk.get("/desk"))
    assert clerk.post(path).status_code == 403
    desk = sign_in(firm["operator"])
    assert desk.post(path).status_code == 303
    assert desk.post(path).status_code == 409
    assert "approved. It may publish" in read(sign_in(firm[Role.ADMIN]).get("/"))


def test_a_document_close_to_its_end_is_a_task_until_another_follows(firm, sign_in, made):
    end = (NOW + timedelta(days=20)).date()
    with made() as make:
        mine = make.session.get(Organisation, firm["mine"].id)
        make.licence(mine, LicenceKind.DISCHARGE_PERMIT, valid_until=end)
    clerk = sign_in(firm[Role.CLERK])
    assert "Documents that expire within 30 days" in read(clerk.get("/"))
    submit(clerk)
    assert "Documents that expire within 30 days" not in read(clerk.get("/"))


def test_a_regulator_looks_a_pack_up_from_home(made, sign_in):
    with made() as make:
        regulator = make.member(make.organisation(Kind.REGULATOR))
        pack = make.pack(make.organisation(Kind.FLEET_OWNER))
    browser = sign_in(regulator)
    assert 'action="/packs/find"' in read(browser.get("/"))
    found = browser.get("/packs/find", query_string={"name": pack.provisional_id})
    assert found.location == f"/packs/{pack.id}"


def test_each_kind_and_role_has_a_home(made, sign_in):
    with made() as make:
        people = [make.member(make.organisation(kind)) for kind in Kind]
        people += [make.member(make.organisation(Kind.SECOND_LIFE), role) for role in Role]
    for acting in people:
        page = sign_in(acting).get("/")
        assert page.status_code == 200
        assert "Waits for you" in read(page)
