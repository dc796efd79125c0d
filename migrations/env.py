"""How Alembic reaches the database and the models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from listings import db
from market.schema import metadata

engine = db.make_engine(
    context.config.attributes["url"],
    role=None,
    poolclass=sa.NullPool,
)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
