"""A summary of problems names the fields by the labels that stand above them."""

from __future__ import annotations


def test_every_empty_field_is_named_in_the_summary(client):
    answer = client.post("/organisations/new", data={})
    assert answer.status_code == 422
    summary = answer.text.split('id="problems"')[1].split("</div>")[0]
    assert "Unified social credit code: Fill in this field." in summary
    assert summary.count("Fill in this field.") == summary.count(": Fill in this field.")
