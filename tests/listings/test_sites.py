from __future__ import annotations

from decimal import Decimal

import pytest
from make import NOW

from listings import sites
from listings.errors import Forbidden
from listings.parties import Kind, Role


@pytest.fixture
def acting(make):
    return make.member(make.organisation(Kind.FLEET_OWNER))


def test_a_site_belongs_to_the_organisation_that_registers_it(session, acting):
    site = sites.add(session, acting, name=" 东郊停车场 ", province="安徽", at=NOW)
    assert (site.organisation_id, site.name) == (acting.organisation_id, "东郊停车场")
    assert sites.of(session, acting.organisation_id) == [site]


def test_two_sites_of_one_organisation_do_not_share_a_name(session, acting, make):
    sites.add(session, acting, name="东郊停车场", province="安徽", at=NOW)
    with pytest.raises(sites.SiteKnown) as refusal:
        sites.add(session, acting, name="东郊停车场", province="安徽", at=NOW)
    assert refusal.value.field == "name"
    other = make.member(make.organisation(Kind.FLEET_OWNER))
    assert sites.add(session, other, name="东郊停车场", province="安徽", at=NOW).id


def test_a_limit_of_stock_is_above_nothing(session, acting):
    with pytest.raises(sites.LimitNotPositive) as refusal:
        sites.add(session, acting, name="甲", province="安徽", at=NOW, mass_limit_t=Decimal(0))
    assert refusal.value.field == "mass_limit_t"


def test_a_viewer_registers_nothing(session, make):
    viewer = make.member(make.organisation(Kind.FLEET_OWNER), Role.VIEWER)
    with pytest.raises(Forbidden):
        sites.add(session, viewer, name="甲", province="安徽", at=NOW)
