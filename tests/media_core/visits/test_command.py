"""manage.py tenant visits."""

from io import StringIO

import pytest
from django.core.management import call_command

from tenants.people.visit_models import Visit
from tests.visiting import REASON, asked_visit, visiting

pytestmark = pytest.mark.django_db


def said(*arguments):
    out = StringIO()
    call_command("tenant", "visits", "acme/", *arguments, stdout=out)
    return out.getvalue()


def test_it_lists_visits_newest_first(acme, globex, people):
    visiting(people["otto"], acme)
    asked_visit(people["otto"], acme, may_write=True)
    asked_visit(people["otto"], globex)
    lines = said().splitlines()
    assert [line.split("  ")[0] for line in lines[:1]] == ["ASKED (UTC)"]
    assert "ready" in lines[1]
    assert "under way" in lines[2]
    assert lines[1].endswith(f"Otto  may change documents: {REASON}")
    assert len(lines) == 3


def test_it_says_when_there_is_none(acme):
    assert said() == "Nobody of the agency has asked to enter Acme (acme/) yet.\n"


def test_end_ends_what_is_not_over_here_only(acme, globex, people):
    here, there = visiting(people["otto"], acme), visiting(people["otto"], globex)
    asked_visit(people["otto"], acme)
    assert said("--end") == "Ended 2 visit(s) to Acme (acme/).\n"
    assert said("--end") == "Ended 0 visit(s) to Acme (acme/).\n"
    assert (here.get("/").status_code, there.get("/").status_code) == (302, 200)
    assert set(Visit.objects.filter(tenant=acme).values_list("ended_by")) == {("the agency",)}


def test_expired_sessions_go_and_visits_stay(acme, people):
    visiting(people["otto"], acme)
    Visit.objects.get().sessions.update(expire_date="2020-01-01T00:00Z")
    call_command("clearsessions")
    assert Visit.objects.get().sessions.count() == 0
