"""Old code and newer code on one database: which of them serves which tenants, before, between and after."""

from tenants.schema_versions import find_version_problem
from tests.tenants.upgrades.conftest import Deployment

SERVED = """
import django
django.setup()
from tenants.models import Tenant
from tenants.schema_versions import find_version_problem
for tenant in Tenant.objects.order_by("location_prefix"):
    print(tenant.location_prefix, find_version_problem(tenant.schema_version, tenant.oldest_code) or "served")
"""


def served_by(deployment: Deployment, newer: str) -> list[str]:
    ran = deployment.run("-c", SERVED, newer=newer)
    assert ran.code == 0, ran.complained
    return ran.said.splitlines()


def served_today(deployment: Deployment) -> list[str]:
    """Return why this process, which is the older code, does not serve them."""
    rows = deployment.sql(
        "SELECT schema_version, oldest_code FROM tenants_tenant ORDER BY location_prefix"
    )
    return [find_version_problem(*row) for row in rows]


def test_what_only_adds_is_served_by_old_code_and_old_tables_by_new_code(deployment):
    assert {line.partition(" ")[2] for line in served_by(deployment, "adds")} == {"served"}
    assert deployment.migrate("--tenant", "acme/").code == 0
    assert served_today(deployment) == [""] * 4
    assert {line.partition(" ")[2] for line in served_by(deployment, "adds")} == {"served"}


def test_what_removes_is_served_by_neither(deployment):
    assert deployment.migrate("--tenant", "acme/", newer="removes").code == 0
    first, *others = served_by(deployment, "removes")
    assert first == "acme/ served"
    assert all(
        "stamp is at 0001_initial, which this code (0002_colour) does not serve" in line
        for line in others
    )
    first, *others = served_today(deployment)
    assert (
        first
        == "stamp is at 0002_colour, which needs code of 0002_colour or newer; this is 0001_initial"
    )
    assert others == [""] * 3


def test_a_release_that_only_changes_what_it_declares_notes_it(deployment):
    assert deployment.migrate(newer="removes").code == 0
    assert deployment.migrate(newer="adds").code == 0
    assert served_today(deployment) == [""] * 4


def test_newer_code_that_did_not_decide_is_told_by_the_check(deployment):
    ran = deployment.run("manage.py", "check", newer="undecided")
    assert (
        "(tenants.E005) stamp: the newest migration is 0002_colour, and DECIDED_FOR is another."
        in ran.complained
    )
    assert "(tenants.E005) stamp: OLDEST_SCHEMA names no migration." in ran.complained
