"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint

from listings import db
from market import schema
from market.web.guard import public

blueprint = Blueprint("health_check", __name__)


@blueprint.get("/healthz")
@public
def alive() -> Any:
    """The process answers."""
    return {"alive": True}


@blueprint.get("/readyz")
@public
def ready() -> Any:
    """The database answers and is at the revision this code knows."""
    with db.transaction() as session:
        revision = session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    is_ready = revision == schema.head()
    return {"ready": is_ready}, 200 if is_ready else 503
