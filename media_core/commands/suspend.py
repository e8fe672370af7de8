"""manage.py tenant suspend and resume."""

from argparse import Namespace

from django.core.management.base import CommandError

from tenants.commands.base import Actions, PlainCommand, add_action, typed_by_a_person
from tenants.commands.life import SOON
from tenants.commands.references import add_reference, called, referred
from tenants.models import Tenant
from tenants.provisioning import longest_link_seconds, resume, suspend


def add_suspend(actions: Actions) -> None:
    parser = add_action(
        actions,
        suspend_,
        summary="Stop serving a tenant. Everything it has is kept.",
        examples="""\
examples:
  manage.py tenant suspend acme/ --dry-run
  manage.py tenant suspend acme/ --yes

Members read a page saying that the site is suspended, everybody else finds nothing there.""",
    )
    add_reference(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask, also at a terminal")
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing, say what would happen"
    )


def suspend_(command: PlainCommand, asked: Namespace) -> None:
    tenant = referred(asked)
    reach = _reach(tenant)
    if asked.dry_run:
        done = "is suspended already" if not tenant.served else f"would be suspended: {reach}"
        command.stdout.write(f"{called(tenant)} {done}. Nothing was changed.")
        return
    if tenant.served and not asked.yes and not _confirmed(f"Suspend {called(tenant)}: {reach}?"):
        raise CommandError(f"{called(tenant)} was not suspended: the answer was not yes.")
    if not suspend(tenant):
        command.stdout.write(f"{called(tenant)} was suspended already. Nothing was changed.")
        return
    command.stdout.write(f"Suspended {called(tenant)}: {reach}; {SOON}.")
    command.stdout.write("Members see a page saying so, everybody else finds nothing there.")
    command.stdout.write(f"Links given out before live on, up to {longest_link_seconds(tenant)} s.")


def _reach(tenant: Tenant) -> str:
    domains = tenant.domains.active().count()
    return f"{domains} active domain(s), {tenant.memberships.count()} member(s)"


def _confirmed(question: str) -> bool:
    """Return whether a person at a terminal says yes; a script is not asked."""
    if not typed_by_a_person():
        return True
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def add_resume(actions: Actions) -> None:
    parser = add_action(
        actions,
        resume_,
        summary="Serve a suspended tenant again.",
        examples="example:\n  manage.py tenant resume acme/",
    )
    add_reference(parser)


def resume_(command: PlainCommand, asked: Namespace) -> None:
    tenant = referred(asked)
    if resume(tenant):
        command.stdout.write(f"{called(tenant)} is served again; {SOON}.")
    else:
        command.stdout.write(f"{called(tenant)} was not suspended. Nothing was changed.")
