from __future__ import annotations

from datetime import date

import pytest
from deals import LATER, sell

from listings import blobs
from listings.errors import Forbidden, NotFound
from listings.parties import Role
from market import contracts

PDF = b"%PDF-1.7 sealed"


def sign(deal, firm, make, *, content=PDF, day=date(2026, 6, 2), role=Role.SIGNER):
    contract = contracts.of(deal.session, deal.award.id)
    return contracts.upload_scan(
        deal.session,
        make.member(firm, role),
        contract.id,
        content=content,
        filename="合同.pdf",
        signed_on=day,
        at=LATER,
    )


def test_a_contract_is_in_force_once_both_sealed_scans_are_here(session, make):
    deal = sell(make, 1000_00)
    sign(deal, deal.seller, make)
    assert not contracts.is_in_force(session, deal.award.id)
    contract = sign(deal, deal.buyer, make, content=b"\x89PNG\r\n\x1a\n...")
    assert contracts.is_in_force(session, deal.award.id)
    assert contract.in_force_at == LATER
    assert blobs.read(contract.seller_scan_sha256) == PDF
    assert contract.seller_signer_id != contract.buyer_signer_id
    with pytest.raises(contracts.InForce):
        sign(deal, deal.buyer, make)


def test_a_side_may_replace_its_own_scan_until_then(session, make):
    deal = sell(make, 1000_00)
    sign(deal, deal.seller, make)
    contract = sign(deal, deal.seller, make, content=b"%PDF-2.0 better")
    assert blobs.read(contract.seller_scan_sha256) == b"%PDF-2.0 better"
    assert contract.buyer_scan_sha256 is None


def test_only_a_signer_of_a_party_hands_in_a_scan(session, make):
    deal = sell(make, 1000_00)
    with pytest.raises(Forbidden):
        sign(deal, deal.seller, make, role=Role.CLERK)
    with pytest.raises(NotFound):
        sign(deal, make.organisation(), make)


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"<html>", b"GIF89a", b" %PDF-1.7"])
def test_a_scan_is_known_by_its_content(content):
    with pytest.raises(contracts.ScanNotReadable):
        contracts.sniff(content)


def test_a_scan_above_twenty_megabytes_is_refused():
    assert contracts.sniff(PDF.ljust(contracts.LARGEST_SCAN)) == "application/pdf"
    with pytest.raises(contracts.ScanTooLarge):
        contracts.sniff(PDF.ljust(contracts.LARGEST_SCAN + 1))


@pytest.mark.parametrize("day", [date(2026, 5, 31), date(2026, 6, 3)])
def test_a_signature_before_the_award_or_after_today_is_refused(session, make, day):
    deal = sell(make, 1000_00)
    with pytest.raises(contracts.SignedOutOfTime):
        sign(deal, deal.seller, make, day=day)
