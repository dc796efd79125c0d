"""What a lot page says of its price beside what valuers think it is worth."""

from __future__ import annotations

import pytest
from make import NOW

from listings.parties import Kind, Role
from pricing import editions, indices


@pytest.fixture
def offered(made):
    """Put a lot of one pack on sale from a start price in yuan, with a guide in force."""
    with made() as make:
        valuer = make.organisation(Kind.VALUER)
        indices.seed(make.session, at=NOW)
        editions.seed(
            make.session,
            valuer_id=valuer.id,
            assessor=make.member(valuer, Role.CLERK),
            approver=make.member(valuer, Role.APPROVER),
            at=NOW,
        )

    def offer(yuan: int) -> int:
        with made() as make:
            seller = make.organisation(Kind.FLEET_OWNER)
            lot = make.lot(seller, [make.pack(seller)])
            make.auction(lot, start_minor=yuan * 100)
            return lot.id

    return offer


@pytest.mark.parametrize(("yuan", "says"), [(9_000_000, True), (10, False)])
def test_a_price_above_the_likely_range_is_said_in_words(offered, client, yuan, says):
    page = client.get(f"/lots/{offered(yuan)}?language=en").text
    assert "What it is worth" in page
    assert ("for the whole lot is above the likely range" in page) == says
