"""Labels for packs: a sticker of 62 x 40 mm, or an A4 sheet of 3 x 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from listings.words import gettext as _
from market.documents import blocks


@dataclass(frozen=True, slots=True)
class Label:
    """One sticker. ``address`` carries the pack's random token, ``short_id`` is what people read.

    The code of the pack stands neither in the QR code nor on the label: codes can be enumerated.
    """

    address: str
    short_id: str
    chemistry: str
    energy: str = ""

    def compose(self) -> dict[str, str]:
        """The texts of the label in the language being spoken."""
        return {
            "qr": blocks.qr(self.address),
            "short_id": self.short_id,
            "goods": _("Traction battery, %(chemistry)s", chemistry=self.chemistry),
            "energy": self.energy,
            "hint": _("Dangerous goods class 9 when carried. Do not open, drop or short-circuit."),
            "scan": _("Scan: who held it when"),
        }


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """Labels on A4 sheets of three by eight."""

    labels: Sequence[Label]
