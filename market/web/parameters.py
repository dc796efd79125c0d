"""The part of a methodology's form that says how its evidence is weighed."""

from __future__ import annotations

from decimal import Decimal

from flask import Blueprint

from listings.errors import DomainError
from market.web.forms import Form
from pricing import parameters
from pricing.parameters import LEAST_CUT, MOST_COUNT, MOST_CUT, MOST_DAYS, Parameters

blueprint = Blueprint("parameters", __name__)

MOST_TEXT = 2_000
_PERCENT = Decimal(100)


@blueprint.app_template_global("parameters_of")
def of(plain: dict[str, object] | None) -> Parameters:
    """The parameters that a methodology states, else the house's own."""
    return Parameters.from_json(plain) if plain else Parameters()


@blueprint.app_template_filter("hierarchy")
def spelled(rules: Parameters) -> str:
    """The hierarchy as it is typed."""
    return parameters.spelled(rules.hierarchy)


def read(form: Form) -> Parameters | None:
    """The parameters of a form; what is left empty is the house's own. None where a field was
    wrong, which the form then says.
    """
    house = Parameters()
    hierarchy = form.text("hierarchy", most=MOST_TEXT)
    count = form.integer("minimum_count", least=1, most=MOST_COUNT)
    window = form.integer("window_days", least=1, most=MOST_DAYS)
    cap = form.decimal("cap_percent", least=1, most=100)
    cut = form.decimal("cut", least=LEAST_CUT, most=MOST_CUT)
    exclusions = form.text("exclusions", most=MOST_TEXT)
    try:
        return Parameters(
            hierarchy=parameters.ranked(hierarchy) if hierarchy else house.hierarchy,
            minimum_count=count or house.minimum_count,
            window_days=window or house.window_days,
            cap=cap / _PERCENT if cap else house.cap,
            cut=cut or house.cut,
            exclusions=tuple(line.strip() for line in exclusions.splitlines() if line.strip()),
        )
    except DomainError as error:
        form.fail(error)
    return None
