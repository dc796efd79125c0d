"""What the buyers of the seeded market reckon with, so that lot pages show them a landed cost."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from listings.money import Money
from listings.pack_types import Chemistry
from market import ceilings
from market.seeding.stage import Stage
from pricing.landed_cost import Ceiling, Rates

RATES: Final = Rates(
    removal_per_tonne=Money(650_00), loading_per_tonne=Money(180_00), freight_per_tonne_km=Money(95)
)
CEILINGS: Final = {
    "buyer": {
        Chemistry.LFP: Ceiling("kwh", Money(125_00)),
        Chemistry.NMC622: Ceiling("kwh", Money(150_00)),
    },
    "recycler": {
        Chemistry.LFP: Ceiling("t", Money(7_500_00)),
        Chemistry.NMC622: Ceiling("t", Money(26_000_00)),
        Chemistry.TERNARY: Ceiling("t", Money(24_000_00)),
    },
}
"""By mailbox: figures of the story, not of any market."""


def build(stage: Stage, *, at: datetime) -> None:
    """Costs and ceilings of both buyers, taken to Anhui and Jiangsu."""
    for mailbox, province in (("buyer", "安徽"), ("recycler", "江苏")):
        with stage.begin() as session:
            ceilings.save(
                session,
                stage.by(mailbox),
                province=province,
                rates=RATES,
                ceilings=CEILINGS[mailbox],
                at=at,
            )
