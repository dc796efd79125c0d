"""The second format: a fixed price, which the first to claim the lot pays.

Such a sale has no floor and no reserve, and at most one claim. The way down refuses while a sale
of this format is kept.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_auction_format"), "auction", type_="check")
    op.create_check_constraint(
        op.f("ck_auction_format"), "auction", "format IN ('english', 'fixed_price')"
    )
    op.create_check_constraint(
        op.f("ck_auction_fixed_price"),
        "auction",
        "format <> 'fixed_price' OR "
        "(floor_minor IS NULL AND reserve_minor IS NULL AND bid_count <= 1)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_auction_fixed_price"), "auction", type_="check")
    op.drop_constraint(op.f("ck_auction_format"), "auction", type_="check")
    op.create_check_constraint(op.f("ck_auction_format"), "auction", "format IN ('english')")
