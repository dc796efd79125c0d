"""The places of the site that a person in this organisation goes to."""

from __future__ import annotations

from collections.abc import Callable

from listings.errors import N_
from listings.parties import Acting, Kind
from listings.telemetry.uploads import SENDERS
from listings.words import gettext
from market.web import guard

SELLERS = (
    Kind.FLEET_OWNER,
    Kind.DISMANTLER,
    Kind.REPAIR_SHOP,
    Kind.SWAP_OPERATOR,
    Kind.OUTLET,
    Kind.VEHICLE_MAKER,
    Kind.BATTERY_MAKER,
)
BUYERS = (Kind.SECOND_LIFE, Kind.REGENERATION)
TRADERS = (*SELLERS, *BUYERS)
HANDS = (*TRADERS, Kind.CARRIER, Kind.REGULATOR, Kind.OPERATOR)
JUDGES = (Kind.VALUER, Kind.REGULATOR, Kind.OPERATOR)
GRADERS = (*BUYERS, Kind.LAB, Kind.VALUER, Kind.REGULATOR, Kind.OPERATOR)

# Address, label, and the kinds of organisation that go there (none: everybody).
PLACES: tuple[tuple[str, str, tuple[Kind, ...]], ...] = (
    ("/catalogue", N_("Catalogue"), ()),
    ("/guides", N_("Price guides"), ()),
    ("/comparables", N_("Past sales"), ()),
    ("/fleet", N_("Fleet"), SELLERS),
    ("/reports", N_("Health reports"), (*SELLERS, Kind.LAB, Kind.REGULATOR)),
    ("/lots", N_("My lots"), SELLERS),
    ("/outlook", N_("Outlook"), BUYERS),
    ("/bids", N_("My bids"), BUYERS),
    ("/awards", N_("Deals"), (*TRADERS, Kind.OPERATOR, Kind.REGULATOR)),
    ("/handovers", N_("Handovers"), HANDS),
    ("/indices", N_("Indices"), (Kind.VALUER, Kind.OPERATOR)),
    ("/desk", N_("Approvals"), (Kind.OPERATOR,)),
    ("/bank", N_("Bank desk"), (Kind.OPERATOR,)),
    ("/ledger", N_("Ledger"), (Kind.OPERATOR,)),
    ("/public", N_("Check a pack"), ()),
)
OWN: tuple[tuple[str, str, Callable[[Acting], bool]], ...] = (
    ("/organisation", N_("My organisation"), lambda _: True),
    ("/licences", N_("Licences"), lambda _: True),
    ("/fleet", N_("Packs in hand"), lambda acting: acting.is_any(*BUYERS)),
    ("/sites", N_("Sites"), lambda acting: acting.is_any(*TRADERS)),
    ("/telemetry", N_("Telemetry"), lambda acting: acting.is_any(*SENDERS)),
    ("/pack-types", N_("Pack types"), lambda _: True),
    ("/policies", N_("Grading policies"), lambda acting: acting.is_any(*GRADERS)),
    ("/destinations", N_("Permitted destinations"), lambda acting: not acting.is_any(Kind.CARRIER)),
    ("/ceilings", N_("My costs and ceilings"), lambda acting: acting.is_any(*BUYERS)),
    ("/deposits", N_("Deposits"), lambda acting: acting.is_any(*BUYERS)),
    ("/guides/panels", N_("Panels"), lambda acting: acting.is_any(*TRADERS)),
    ("/complaints", N_("Complaints"), lambda acting: acting.is_any(*JUDGES)),
    ("/settings", N_("Settings"), lambda acting: acting.is_any(Kind.OPERATOR)),
    ("/account", N_("My account"), lambda _: True),
    ("/choose", N_("Change organisation"), lambda _: True),
)


def places() -> list[tuple[str, str]]:
    """The main places, as addresses with their labels."""
    acting = guard.acting_or_none()
    return [
        (address, gettext(label))
        for address, label, kinds in PLACES
        if not kinds or (acting is not None and acting.is_any(*kinds))
    ]


def own_places() -> list[tuple[str, str]]:
    """The places under the person's name."""
    acting = guard.acting_or_none()
    if acting is None:
        return []
    return [(address, gettext(label)) for address, label, fits in OWN if fits(acting)]
