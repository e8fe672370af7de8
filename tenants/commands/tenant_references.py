"""How a command is told which tenant, and how it names one."""

from argparse import ArgumentParser, Namespace

from tenants.domains import build_origin
from tenants.models import Tenant
from tenants.provisioning import find_tenant

REFERENCE_HELP = "the tenant: its id, location prefix, domain or exact name"


def add_reference(parser: ArgumentParser) -> None:
    parser.add_argument("tenant", metavar="REF", help=REFERENCE_HELP)


def find_referenced_tenant(asked: Namespace) -> Tenant:
    """Return the tenant that REF names."""
    return find_tenant(asked.tenant)


def format_tenant(tenant: Tenant) -> str:
    """Return the tenant as messages call it: names may be alike, prefixes never are.

    >>> format_tenant(Tenant(name="Acme", location_prefix="acme/"))
    'Acme (acme/)'
    """
    return f"{tenant.name} ({tenant.location_prefix})"


def build_url(host: str, path: str = "/") -> str:
    """Return the URL of a page on one of our hosts."""
    return f"{build_origin(host)}{path}"
