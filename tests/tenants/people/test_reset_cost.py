"""Asking for a new password costs the same whoever has the address: counted in statements and jobs, not in time."""

import re
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tenants.domains import host_cache
from tenants.jobs.models import Mail
from tenants.people.models import Person
from tests.conftest import browser_at
from tests.mailing import waiting_jobs

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
ACME, AGENCY = "acme.example", settings.AGENCY_HOST
LITERAL = re.compile(r"'(?:[^']|'')*'|[0-9]+")


@pytest.fixture(autouse=True)
def _everybody(acme, globex, people):
    """The cast is there in every test of this file."""


@dataclass(frozen=True)
class Cost:
    """What a request did, without what it was about."""

    status: int
    page: str
    statements: list[str]
    mails: int
    jobs: list[str]


def cost_of(email: str, host: str) -> Cost:
    """Return what asking for this address costs, and undo it: each starts from the same."""
    host_cache.forget()
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            answer = browser_at(host).post(RESET, {"email": email})
        cost = Cost(
            answer.status_code,
            answer.headers["Location"],
            [LITERAL.sub("?", query["sql"]) for query in queries],
            Mail.objects.count(),
            waiting_jobs(),
        )
        transaction.set_rollback(True)
    return cost


@pytest.mark.parametrize(("host", "addresses"), [
    (ACME, ["ada@acme.example", "nobody@acme.example", "eve@globex.example", "olga@agency.example", "ed@acme.example"]),
    (AGENCY, ["olga@agency.example", "nobody@agency.example", "ada@acme.example"]),
])  # fmt: skip
def test_known_and_unknown_addresses_cost_the_same(host, addresses):
    Person.objects.filter(email="ed@acme.example").update(is_active=False)
    known, *others = [cost_of(address, host) for address in addresses]
    assert (known.status, known.mails, len(known.jobs)) == (302, 1, 1)
    assert others == [known] * len(others)


@pytest.mark.parametrize("host", [ACME, AGENCY])
def test_nobody_is_looked_up(host):
    statements = cost_of("ada@acme.example", host).statements
    tables = ("people_person", "people_membership", "people_agencyrole", "account_emailaddress")
    assert not [sql for sql in statements if any(table in sql for table in tables)]


def test_every_request_queues_one_mail_and_all_of_them_one_job(acme):
    for email in ("ada@acme.example", "nobody@acme.example", "ada@acme.example"):
        browser_at(ACME).post(RESET, {"email": email})
    assert (Mail.objects.count(), waiting_jobs()) == (3, [f"mail:{acme.id}"])
