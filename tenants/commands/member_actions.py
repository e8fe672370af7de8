"""manage.py tenant member REF add, role, remove."""

from argparse import Namespace

from tenants.commands.base import Actions, PlainCommand, add_action, add_actions, add_group
from tenants.commands.person_options import add_person_options, read_password, write_sign_in_help
from tenants.commands.tenant_references import add_reference, find_referenced_tenant, format_tenant
from tenants.domains import find_primary_domain
from tenants.models import Tenant
from tenants.people.members import add_member, change_role, has_admin, parse_role, remove_member
from tenants.people.models import Role

ROLES = ", ".join(Role.values)
EXAMPLES = """\
examples:
  manage.py tenant member acme/ add ada@acme.example --role admin --name "Ada Admin"
  printf %s "$FIRST_PASSWORD" |
      manage.py tenant member acme/ add ed@acme.example --role editor --password-stdin
  manage.py tenant member acme/ role ed@acme.example viewer
  manage.py tenant member acme/ remove ed@acme.example

roles:
  admin settles the tenant, editor changes documents, viewer reads"""


def add_member_group(actions: Actions) -> None:
    parser = add_group(
        actions,
        "member",
        summary="Add and remove who belongs to a tenant, or change what they may do there.",
        examples=EXAMPLES,
    )
    add_reference(parser)
    inner = add_actions(parser)
    adding = add_action(inner, add, summary="Add a person, who may be new.", examples=EXAMPLES)
    add_person_options(adding)
    adding.add_argument("--role", required=True, help=f"one of {ROLES}")
    changing = add_action(inner, role, summary="Change a member's role.", examples=EXAMPLES)
    changing.add_argument("email", metavar="EMAIL")
    changing.add_argument("role", metavar="ROLE", help=f"one of {ROLES}")
    removing = add_action(
        inner,
        remove,
        summary="End a membership and the person's sessions on the tenant's hosts.",
        examples=EXAMPLES,
    )
    removing.add_argument("email", metavar="EMAIL")


def add(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    added = add_member(
        tenant=tenant,
        email=asked.email,
        role=parse_role(asked.role),
        name=asked.name,
        password=read_password(asked),
    )
    done = "is now" if added.is_new_here else "was a member already and is now"
    command.stdout.write(f"{added.person.email} {done} {asked.role} of {format_tenant(tenant)}.")
    write_sign_in_help(command, added, find_primary_domain(tenant.id))
    warn_without_admin(command, tenant)


def role(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    change_role(tenant, asked.email, parse_role(asked.role))
    command.stdout.write(f"{asked.email} is now {asked.role} of {format_tenant(tenant)}.")
    warn_without_admin(command, tenant)


def remove(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    remove_member(tenant, asked.email)
    command.stdout.write(
        f"{asked.email} belongs to {format_tenant(tenant)} no longer, and is signed out there."
    )
    warn_without_admin(command, tenant)


def warn_without_admin(command: PlainCommand, tenant: Tenant) -> None:
    """Say so when nobody is left to settle the tenant; the operator may want just that."""
    if not has_admin(tenant):
        command.stderr.write(
            f"Warning: {format_tenant(tenant)} has no admin. Add one: "
            f"manage.py tenant member {tenant.location_prefix} add EMAIL --role admin"
        )
