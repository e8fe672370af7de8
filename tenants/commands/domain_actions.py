"""manage.py tenant domain REF add, activate, primary, remove."""

from argparse import ArgumentParser, Namespace

from tenants.commands.base import (
    Actions,
    PlainCommand,
    RunAction,
    add_action,
    add_actions,
    add_group,
)
from tenants.commands.tenant_actions import CACHE_NOTE
from tenants.commands.tenant_references import (
    add_reference,
    build_url,
    find_referenced_tenant,
    format_tenant,
)
from tenants.models import Domain
from tenants.provisioning import activate_domain, add_domain, make_domain_primary, remove_domain

EXAMPLES = """\
examples:
  manage.py tenant domain acme/ add files.acme.example
  manage.py tenant domain acme/ activate files.acme.example
  manage.py tenant domain acme/ primary files.acme.example
  manage.py tenant domain acme/ remove acme.example"""


def add_domain_group(actions: Actions) -> None:
    parser = add_group(
        actions,
        "domain",
        summary="Add, activate or remove a tenant's domains, or make one the primary.",
        examples=EXAMPLES,
    )
    add_reference(parser)
    inner = add_actions(parser)
    adding = _add_host_action(
        inner, add, "Add a domain. It is pending, and leads nowhere, until it is activated."
    )
    adding.add_argument("--active", action="store_true", help="let it lead to the tenant at once")
    _add_host_action(inner, activate, "Let a domain lead to the tenant.")
    _add_host_action(inner, primary, "Make an active domain the one that is shown and mailed.")
    _add_host_action(inner, remove, "Let a domain lead nowhere. The primary one stays.")


def _add_host_action(actions: Actions, run: RunAction, summary: str) -> ArgumentParser:
    parser = add_action(actions, run, summary=summary, examples=EXAMPLES)
    parser.add_argument("host", metavar="HOST", help="a host name, such as files.acme.example")
    return parser


def add(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    domain = add_domain(tenant, asked.host, active=asked.active)
    if domain.state == Domain.State.ACTIVE:
        command.stdout.write(
            f"{build_url(domain.domain)} leads to {format_tenant(tenant)}; {CACHE_NOTE}."
        )
        return
    command.stdout.write(f"{domain} is pending for {format_tenant(tenant)}.")
    command.stdout.write(
        f"Next: manage.py tenant domain {tenant.location_prefix} activate {domain}"
    )


def activate(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    activate_domain(tenant, asked.host)
    command.stdout.write(f"{asked.host} leads to {format_tenant(tenant)}; {CACHE_NOTE}.")


def primary(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    make_domain_primary(tenant, asked.host)
    command.stdout.write(f"{asked.host} is the primary domain of {format_tenant(tenant)}.")


def remove(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    remove_domain(tenant, asked.host)
    command.stdout.write(f"{asked.host} leads nowhere now; {CACHE_NOTE}.")
