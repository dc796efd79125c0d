"""The receipt (存证回执) on paper: that a record stands in the log, and how to prove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from listings.words import gettext as _
from market.documents import blocks, figures


@dataclass(frozen=True, slots=True)
class Receipt:
    """One leaf of the log as given to a party. Hashes in hexadecimal; the checkpoint is its text.

    The paper repeats the receipt file, which alone is proof: it holds record and inclusion proof.
    """

    holder: str
    event: str
    subject: str
    recorded_at: datetime
    origin: str
    index: int
    size: int
    leaf_hash: str
    root: str
    checkpoint: str
    address: str = ""
    zone: str = figures.ZONE

    def compose(self) -> blocks.Paper:
        """The receipt in the language being spoken."""
        number = f"{self.origin}#{self.index}"
        return blocks.Paper(
            title=_("Custody receipt"),
            number=number,
            foot=_("Custody receipt %(number)s", number=number),
            qr=blocks.qr(self.address),
            qr_caption=_("Check the chain of custody"),
            blocks=[
                blocks.pairs(
                    [
                        (_("Given to"), self.holder),
                        (_("Event"), self.event),
                        (_("Concerns"), self.subject),
                        (_("Recorded at"), figures.instant(self.recorded_at, self.zone)),
                        (_("Log"), self.origin),
                        (_("Log index"), str(self.index)),
                        (_("Leaf hash"), self.leaf_hash),
                        (_("Size of the log"), str(self.size)),
                        (_("Root hash"), self.root),
                    ],
                ),
                blocks.heading(_("Checkpoint")),
                blocks.code(self.checkpoint),
                blocks.text(
                    _(
                        "Keep the receipt file with this paper. It proves without the platform "
                        "that the record stands in the log: packbourse receipt verify FILE "
                        "--key VKEY",
                    ),
                ),
            ],
        )
