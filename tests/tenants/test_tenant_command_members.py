"""manage.py tenant member: who belongs to a tenant, and what nobody may do to a known person."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tenants.people.models import Membership, Person, Role, Session
from tests.conftest import PASSWORD, new_session

pytestmark = pytest.mark.django_db

GOOD = "a-long-and-winding-road"
NO_ADMIN = "Warning: Acme (acme/) has no admin."


def member(*arguments: str) -> tuple[str, str]:
    """Return what `manage.py tenant member acme/` says on standard output and standard error."""
    out, err = StringIO(), StringIO()
    call_command("tenant", "member", "acme/", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        member(*arguments)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def roles_of(email: str) -> dict[str, str]:
    """Return the tenants that the person belongs to, each with their role there."""
    found = Membership.objects.filter(person__email=email)
    return dict(found.values_list("tenant__name", "role"))


def test_add_makes_a_new_person_without_password_who_is_told_how_to_set_one(acme, globex):
    said, warned = member("add", " New@Acme.example", "--role", "editor", "--name", "Newt")
    person = Person.objects.get(email="new@acme.example")
    assert (person.name, person.has_usable_password()) == ("Newt", False)
    assert roles_of("new@acme.example") == {"Acme": "editor"}
    assert "https://acme.example/accounts/password/reset/" in said
    assert warned == ""


def test_add_lets_a_known_person_belong_to_another_tenant_as_who_they_are(acme, globex, people):
    said, _ = member("add", "eve@globex.example", "--role", "viewer", "--name", "Mallory")
    known = Person.objects.get(email="eve@globex.example")
    assert (known.name, known.password) == ("Eve", people["eve"].password)
    assert roles_of("eve@globex.example") == {"Acme": "viewer", "Globex": "admin"}
    assert "name and password stay as they were" in said


def test_add_gives_who_is_a_member_already_the_other_role(acme, people):
    said, _ = member("add", "vic@acme.example", "--role", "editor")
    assert "was a member already and is now editor" in said
    assert roles_of("vic@acme.example") == {"Acme": "editor"}


@pytest.mark.parametrize("line", [f"{GOOD}\n", f"{GOOD}\r\nsecond line\n", GOOD])
def test_a_new_persons_password_is_one_line_of_standard_input_and_never_printed(
    acme, monkeypatch, line
):
    monkeypatch.setattr("sys.stdin", StringIO(line))
    said = "".join(member("add", "new@acme.example", "--role", "viewer", "--password-stdin"))
    assert Person.objects.get(email="new@acme.example").check_password(GOOD)
    assert "https://acme.example/accounts/login/" in said
    assert GOOD not in said


@pytest.mark.parametrize("email", ["ed@acme.example", "eve@globex.example"])
def test_nobody_sets_the_password_of_a_known_person(acme, globex, monkeypatch, email):
    monkeypatch.setattr("sys.stdin", StringIO(f"{GOOD}\n"))
    before = roles_of(email)
    said = refusal("add", email, "--role", "viewer", "--password-stdin")
    assert repr(email) in said
    assert GOOD not in said
    assert Person.objects.get(email=email).check_password(PASSWORD)
    assert roles_of(email) == before


@pytest.mark.parametrize(
    ("line", "why"), [("short\n", "too short"), ("password\n", "too common"), ("", "empty")]
)
def test_a_bad_password_is_refused_and_nobody_is_added(acme, monkeypatch, line, why):
    monkeypatch.setattr("sys.stdin", StringIO(line))
    said = refusal("add", "new@acme.example", "--role", "viewer", "--password-stdin")
    assert why in said
    assert not Person.objects.filter(email="new@acme.example").exists()


def test_a_password_like_the_address_is_refused_without_being_named(acme, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("newton@acme\n"))
    said = refusal("add", "newton@acme.example", "--role", "viewer", "--password-stdin")
    assert "too similar" in said
    assert "newton@acme'" not in said


def test_closed_standard_input_is_refused(acme, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert "is empty" in refusal("add", "new@acme.example", "--role", "viewer", "--password-stdin")


def test_a_password_typed_at_a_terminal_is_not_shown(acme, monkeypatch):
    terminal = StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("tenants.commands.person_options.getpass", lambda _prompt: GOOD)
    member("add", "new@acme.example", "--role", "viewer", "--password-stdin")
    assert Person.objects.get(email="new@acme.example").check_password(GOOD)


@pytest.mark.parametrize(
    ("email", "role", "named"),
    [
        ("nobody", "viewer", "'nobody' is no e-mail address"),
        ("x" * 60 + "@" + "long." * 40 + "example", "viewer", "254 is the most"),
        (
            "new@acme.example",
            "boss",
            "'boss' is no role in a tenant: give one of admin, editor, viewer",
        ),
    ],
)
def test_add_refuses_what_is_no_address_or_no_role(acme, email, role, named):
    before = Person.objects.count()
    assert named in refusal("add", email, "--role", role)
    assert Person.objects.count() == before


def test_a_long_address_without_a_name_is_called_by_its_beginning(acme):
    email = "x" * 60 + "@" + "long." * 20 + "example"
    member("add", email, "--role", "viewer")
    assert Person.objects.get(email=email).name == email[:120]


def test_a_name_that_misleads_is_refused(acme):
    assert "U+202E" in refusal("add", "new@acme.example", "--role", "viewer", "--name", "A\u202eda")


def test_role_changes_what_a_member_may_do_in_this_tenant_only(acme, globex, people):
    said, warned = member("role", "MAX@freelance.example", "admin")
    assert roles_of("max@freelance.example") == {"Acme": "admin", "Globex": "viewer"}
    assert "is now admin of Acme (acme/)" in said
    assert warned == ""


@pytest.mark.parametrize(
    "arguments", [("role", "eve@globex.example", "viewer"), ("remove", "eve@globex.example")]
)
def test_another_tenants_member_is_refused_and_stays(acme, globex, people, arguments):
    assert "'eve@globex.example': `manage.py tenant show`" in refusal(*arguments)
    assert roles_of("eve@globex.example") == {"Globex": "admin"}


def test_role_refuses_a_role_that_is_none(acme, people):
    assert "'boss'" in refusal("role", "ed@acme.example", "boss")
    assert roles_of("ed@acme.example") == {"Acme": Role.EDITOR}


def test_remove_ends_the_membership_and_the_sessions_in_this_tenant_only(acme, globex, people):
    here, there = new_session(people["max"], acme), new_session(people["max"], globex)
    said, _ = member("remove", "max@freelance.example")
    assert "belongs to Acme (acme/) no longer" in said
    assert roles_of("max@freelance.example") == {"Globex": "viewer"}
    assert not Session.objects.filter(session_key=here).exists()
    assert Session.objects.filter(session_key=there).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("remove", "ada@acme.example"),
        ("role", "ada@acme.example", "editor"),
        ("add", "ada@acme.example", "--role", "viewer"),
    ],
)
def test_the_last_admin_may_go_with_a_warning(acme, globex, people, arguments):
    _, warned = member(*arguments)
    assert warned.startswith(NO_ADMIN)
    assert roles_of("ada@acme.example").get("Acme") != "admin"


def test_an_admin_who_cannot_sign_in_counts_as_none(acme, people):
    Person.objects.filter(email="ada@acme.example").update(is_active=False)
    assert member("remove", "vic@acme.example")[1].startswith(NO_ADMIN)
