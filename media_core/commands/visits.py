"""manage.py tenant visits."""

from argparse import Namespace

from media_core.visits.flow import end, terms_of
from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.references import add_reference, called, referred
from tenants.commands.tables import table
from tenants.errors import VisitRefused
from tenants.models import Tenant
from tenants.people.visit_models import Visit, VisitQuerySet

NEWEST = 50


def add_visits(actions: Actions) -> None:
    parser = add_action(
        actions,
        visits,
        summary="List the visits of agency staff to a tenant, newest first; or end those that are not over.",
        examples="""\
examples:
  manage.py tenant visits acme/
  manage.py tenant visits acme/ --end

An end counts from the visitor's next request on.""",
    )
    add_reference(parser)
    parser.add_argument(
        "--end", action="store_true", help="end visits that go on, and requests for one"
    )


def visits(command: PlainCommand, asked: Namespace) -> None:
    tenant = referred(asked)
    if asked.end:
        ended = sum(_ended(visit) for visit in _of(tenant).not_over())
        command.stdout.write(f"Ended {ended} visit(s) to {called(tenant)}.")
        return
    rows = [
        (f"{visit.asked_at:%Y-%m-%d %H:%M}", visit.state, visit.person_name, terms_of(visit))
        for visit in _of(tenant)[:NEWEST]
    ]
    if rows:
        command.stdout.write(table(("ASKED (UTC)", "STATE", "WHO", "WHY"), *rows))
    else:
        command.stdout.write(f"Nobody of the agency has asked to enter {called(tenant)} yet.")


def _of(tenant: Tenant) -> VisitQuerySet:
    return Visit.objects.filter(tenant=tenant).select_related("tenant")


def _ended(visit: Visit) -> bool:
    """Return whether it was ended by us; somebody may have been faster."""
    try:
        end(visit, by=None)
    except VisitRefused:
        return False
    return True
