"""manage.py agency add, list, remove."""

from argparse import Namespace

from django.conf import settings

from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.person_options import add_person_options, read_password, write_sign_in_help
from tenants.commands.tenant_references import build_url
from tenants.commands.text_tables import format_table
from tenants.people.members import add_colleague, has_owner, parse_agency_role, remove_agency_role
from tenants.people.models import AgencyRole

ROLES = ", ".join(AgencyRole.Role.values)
FIRST_OWNER_HINT = "Add the first: manage.py agency add EMAIL --role owner"
EXAMPLES = """\
examples:
  manage.py agency add olga@agency.example --role owner --name "Olga Owner"
  manage.py agency add olga@agency.example --role finance
  manage.py agency list
  manage.py agency remove olga@agency.example --role finance

A person may have several roles. None of them reads a document; an operator may visit tenants."""


def add_agency_actions(actions: Actions) -> None:
    adding = add_action(actions, add, summary="Give a person a role.", examples=EXAMPLES)
    add_person_options(adding)
    adding.add_argument("--role", required=True, help=f"one of {ROLES}")
    add_action(actions, list_, summary="List who has a role.", examples=EXAMPLES)
    removing = add_action(
        actions,
        remove,
        summary="Take a role away, and end the person's sessions on the agency's host.",
        examples=EXAMPLES,
    )
    removing.add_argument("email", metavar="EMAIL")
    removing.add_argument("--role", required=True, help=f"one of {ROLES}")


def add(command: PlainCommand, asked: Namespace) -> None:
    added = add_colleague(
        email=asked.email,
        role=parse_agency_role(asked.role),
        name=asked.name,
        password=read_password(asked),
    )
    done = "is now" if added.is_new_here else "was already"
    command.stdout.write(f"{added.person.email} {done} {asked.role} at {_build_agency_url()}.")
    write_sign_in_help(command, added, settings.AGENCY_HOST)


def list_(command: PlainCommand, _asked: Namespace) -> None:
    found = AgencyRole.objects.select_related("person")
    rows = [(row.person.email, row.role, row.person.name) for row in found]
    if rows:
        command.stdout.write(format_table(("EMAIL", "ROLE", "NAME"), *rows))
    else:
        command.stdout.write(f"Nobody has a role at the agency yet. {FIRST_OWNER_HINT}")


def remove(command: PlainCommand, asked: Namespace) -> None:
    remove_agency_role(asked.email, parse_agency_role(asked.role))
    command.stdout.write(
        f"{asked.email} is {asked.role} at {_build_agency_url()} no longer, and is signed out there."
    )
    if not has_owner():
        command.stderr.write(f"Warning: the agency has no owner. {FIRST_OWNER_HINT}")


def _build_agency_url() -> str:
    return build_url(settings.AGENCY_HOST)
