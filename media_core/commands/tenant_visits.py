"""manage.py tenant visits."""

from argparse import Namespace

from media_core.visits.flow import end, format_terms
from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.tenant_references import add_reference, find_referenced_tenant, format_tenant
from tenants.commands.text_tables import format_table
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
    tenant = find_referenced_tenant(asked)
    if asked.end:
        ended = sum(_end(visit) for visit in _find_visits(tenant).not_over())
        command.stdout.write(f"Ended {ended} visit(s) to {format_tenant(tenant)}.")
        return
    rows = [
        (f"{visit.asked_at:%Y-%m-%d %H:%M}", visit.state, visit.person_name, format_terms(visit))
        for visit in _find_visits(tenant)[:NEWEST]
    ]
    if rows:
        command.stdout.write(format_table(("ASKED (UTC)", "STATE", "WHO", "WHY"), *rows))
    else:
        command.stdout.write(
            f"Nobody of the agency has asked to enter {format_tenant(tenant)} yet."
        )


def _find_visits(tenant: Tenant) -> VisitQuerySet:
    return Visit.objects.filter(tenant=tenant).select_related("tenant")


def _end(visit: Visit) -> bool:
    """Return whether it was ended by us; somebody may have been faster."""
    try:
        end(visit, by=None)
    except VisitRefused:
        return False
    return True
