"""What stands in an address: row numbers that a row can have, and text that can be looked for."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import BadRequest
from werkzeug.routing import IntegerConverter, Map

LARGEST_ID = 2**63 - 1
"""The largest number that PostgreSQL's bigint holds."""


class RowNumber(IntegerConverter):
    """A part of an address that is a row's number; a larger one is at no address."""

    def __init__(self, map: Map) -> None:  # noqa: A002 - the name Werkzeug gives it
        super().__init__(map, max=LARGEST_ID)


def demand_readable() -> None:
    """Refuse an address with a NUL (`BadRequest`): no text of the database contains one."""
    if "\x00" in request.path or any(
        "\x00" in text for pair in request.args.items(multi=True) for text in pair
    ):
        raise BadRequest
