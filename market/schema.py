"""The whole schema, its migrations, and whether a database is at their head."""

# ruff: noqa: F401 - each import brings its tables
from __future__ import annotations

import sqlalchemy as sa
from alembic import autogenerate, command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import listings.access_tokens
import listings.blobs
import listings.custody.commitments
import listings.custody.keys
import listings.custody.log
import listings.four_eyes
import listings.health.bms_claims
import listings.health.destinations
import listings.health.policies
import listings.health.reports
import listings.invitations
import listings.journal
import listings.licences
import listings.lots
import listings.parts
import listings.telemetry.uploads
import listings.users
import market.auctions
import market.awards
import market.bank
import market.bids
import market.ceilings
import market.contracts
import market.deposits
import market.handovers
import market.invoices
import market.ledger
import market.letters
import market.notices
import market.payments
import market.settlements
import market.signature_requests
import pricing.comparables
import pricing.complaints
import pricing.conflicts
import pricing.consultations
import pricing.corrections
import pricing.data_mixes
import pricing.delays
import pricing.evidence
import pricing.forecasts
import pricing.guides
import pricing.indices
import pricing.panels
import pricing.points
import pricing.redistributions
import pricing.references
import pricing.score_disputes
import pricing.submissions
from listings import db
from market import resources

metadata = db.Base.metadata


def config(url: str) -> Config:
    """Alembic's configuration for one database, without an ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(resources.root("migrations")))
    settings.attributes["url"] = url
    return settings


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database to a revision; the connecting user must own it."""
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take a database back to a revision."""
    command.downgrade(config(url), revision)


def head() -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(config("")).get_current_head()


def known() -> set[str]:
    """Every revision that this code can bring a database on from."""
    return {script.revision for script in ScriptDirectory.from_config(config("")).walk_revisions()}


def revision(url: str) -> str | None:
    """The revision a database is at; None for one without tables."""
    engine = db.make_engine(url, role=None, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check(url: str) -> dict[str, object]:
    """Compare a database with this code: revisions, and differences between tables and models."""
    engine = db.make_engine(url, role=None, poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = context.get_current_revision()
        differences = autogenerate.compare_metadata(context, metadata) if found else []
    return {
        "revision": found,
        "head": head(),
        "is_current": found == head(),
        "differences": [str(difference) for difference in differences],
    }
