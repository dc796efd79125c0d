"""Who may take possession of which goods from whom, as rows with validity dates.

The texts could not be read in the original, so every row is unverified and shown so.
"""

from __future__ import annotations

import itertools
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INTERIM = "Interim Measures (six ministries, Order 73), in force 2026-04-01"
SCRAP = "Measures on the recovery of scrap motor vehicles (State Council, Order 715), in force 2019-06-01"
FIRST_HOLDERS = ("dismantler", "repair_shop", "swap_operator")
UTILIZATION = ("second_life", "regeneration")
MAKERS = ("battery_maker", "vehicle_maker", "outlet")
PRODUCT_BUYERS = ("fleet_owner", "repair_shop", "swap_operator", *MAKERS, *UTILIZATION)
PASSAGES = (
    ("waste_battery", FIRST_HOLDERS, (*UTILIZATION, *MAKERS), INTERIM, date(2026, 4, 1)),
    ("waste_battery", ("outlet",), UTILIZATION, INTERIM, date(2026, 4, 1)),
    ("waste_battery", UTILIZATION, UTILIZATION, INTERIM, date(2026, 4, 1)),
    ("reuse_product", UTILIZATION, PRODUCT_BUYERS, INTERIM, date(2026, 4, 1)),
    ("scrap_vehicle", ("fleet_owner",), ("dismantler",), SCRAP, date(2019, 6, 1)),
)
RULE = sa.table(
    "possession_rule",
    sa.column("goods", sa.Text),
    sa.column("from_kind", sa.Text),
    sa.column("to_kind", sa.Text),
    sa.column("valid_from", sa.Date),
    sa.column("is_verified", sa.Boolean),
    sa.column("source", sa.Text),
)


def upgrade() -> None:
    op.bulk_insert(
        RULE,
        [
            {
                "goods": goods,
                "from_kind": from_kind,
                "to_kind": to_kind,
                "valid_from": valid_from,
                "is_verified": False,
                "source": source,
            }
            for goods, givers, takers, source, valid_from in PASSAGES
            for from_kind, to_kind in itertools.product(givers, takers)
        ],
    )


def downgrade() -> None:
    op.execute(sa.delete(RULE).where(RULE.c.source.in_([INTERIM, SCRAP])))
