"""Where our hosts are reached. Made of what we know; of the request only what no proxy of ours has changed."""

import re

from django.conf import settings
from django.http import HttpRequest

from tenants.domains import find_primary_domain
from tenants.errors import HostRefused
from tenants.host_names import normalize_host
from tenants.models import Tenant

PORT = re.compile(r":[0-9]{1,5}\Z")


def build_origin(host: str, request: HttpRequest) -> str:
    """Return scheme and host as browsers write them, without a port.

    Without HTTPS, on somebody's own machine, the port of this request is part of the address: all hosts share it.
    """
    if settings.HTTPS_ONLY:
        return f"https://{host}"
    port = PORT.search(request.META.get("HTTP_HOST", ""))
    return f"{request.scheme}://{host}{port[0] if port else ''}"


def build_agency_origin(request: HttpRequest) -> str:
    """Return where the agency's own host is reached."""
    return build_origin(normalize_host(settings.AGENCY_HOST), request)


def find_tenant_origin(tenant: Tenant, request: HttpRequest) -> str:
    """Return where the tenant is reached. One query; raises HostRefused when none of its domains is active."""
    host = find_primary_domain(tenant.id)
    if not host:
        raise HostRefused("The tenant has no active domain: add one first.")
    return build_origin(host, request)
