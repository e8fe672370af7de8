"""manage.py agency: who works at the agency's own host."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tenants.people.models import AgencyRole, Person, Session
from tests.conftest import PASSWORD, new_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]

GOOD = "a-long-and-winding-road"


def agency(*arguments: str) -> tuple[str, str]:
    """Return what `manage.py agency` says on standard output and standard error."""
    out, err = StringIO(), StringIO()
    call_command("agency", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        agency(*arguments)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def roles_of(email: str) -> list[str]:
    return list(AgencyRole.objects.filter(person__email=email).values_list("role", flat=True))


def test_add_makes_a_new_person_who_is_told_how_to_set_a_password():
    said, _ = agency("add", "otis@agency.example", "--role", "operator", "--name", "Otis")
    assert roles_of("otis@agency.example") == ["operator"]
    assert not Person.objects.get(email="otis@agency.example").has_usable_password()
    assert f"https://{settings.AGENCY_HOST}/accounts/password/reset/" in said


def test_add_takes_a_new_persons_password_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO(f"{GOOD}\n"))
    said = "".join(agency("add", "otis@agency.example", "--role", "operator", "--password-stdin"))
    assert Person.objects.get(email="otis@agency.example").check_password(GOOD)
    assert GOOD not in said


def test_nobody_sets_the_password_of_a_known_person(monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO(f"{GOOD}\n"))
    assert "'olga@agency.example'" in refusal(
        "add", "olga@agency.example", "--role", "finance", "--password-stdin"
    )
    assert Person.objects.get(email="olga@agency.example").check_password(PASSWORD)
    assert roles_of("olga@agency.example") == ["owner"]


def test_a_person_may_have_several_roles_and_each_only_once():
    assert "is now operator" in agency("add", "olga@agency.example", "--role", "operator")[0]
    assert "was already operator" in agency("add", "olga@agency.example", "--role", "operator")[0]
    assert roles_of("olga@agency.example") == ["operator", "owner"]


def test_list_shows_everybody_at_the_agency_and_no_member_of_a_tenant(acme):
    lines = [line.split() for line in agency("list")[0].splitlines()]
    assert lines == [
        ["EMAIL", "ROLE", "NAME"],
        ["fiona@agency.example", "finance", "Fiona"],
        ["olga@agency.example", "owner", "Olga"],
        ["otto@agency.example", "operator", "Otto"],
    ]


def test_list_without_anybody_says_how_to_add_the_first():
    AgencyRole.objects.all().delete()
    assert "manage.py agency add EMAIL --role owner" in agency("list")[0]


def test_remove_takes_the_role_and_the_sessions_at_the_agency_only(acme, people):
    agency("add", "ada@acme.example", "--role", "operator")
    here, there = new_session(people["ada"], None), new_session(people["ada"], acme)
    agency("remove", "ADA@acme.example", "--role", "operator")
    assert roles_of("ada@acme.example") == []
    assert not Session.objects.filter(session_key=here).exists()
    assert Session.objects.filter(session_key=there).exists()


def test_the_last_owner_may_go_with_a_warning():
    said, warned = agency("remove", "olga@agency.example", "--role", "owner")
    assert "is owner at" in said
    assert warned.startswith("Warning: the agency has no owner.")


def test_removing_somebody_else_warns_of_nothing():
    assert agency("remove", "fiona@agency.example", "--role", "finance")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["add", "nobody", "--role", "owner"], "'nobody' is no e-mail address"),
        (
            ["add", "ada@acme.example", "--role", "admin"],
            "'admin' is no role at the agency: give one of owner",
        ),
        (["remove", "ada@acme.example", "--role", "owner"], "'ada@acme.example' is no owner"),
        (["remove", "olga@agency.example", "--role", "boss"], "'boss' is no role at the agency"),
    ],
)
def test_refuses_in_one_line_and_changes_nothing(arguments, named):
    before = AgencyRole.objects.count()
    assert named in refusal(*arguments)
    assert AgencyRole.objects.count() == before
