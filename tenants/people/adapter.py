"""How allauth behaves here: nobody signs up by themselves, and sign-in is throttled over all hosts together."""

from ipaddress import AddressValueError, IPv6Address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

from tenants.people.sessions import VISIT_KEY

UNKNOWN_ADDRESS = "unknown"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign somebody in who gave their password: as who they are here, not on a visit that was over."""
        if VISIT_KEY in request.session:
            request.session.flush()
        super().login(request, user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return "/"

    def is_ajax(self, request: HttpRequest) -> bool:
        # There are only pages: allauth's JSON would send back what was typed, the password too.
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address as our own proxies wrote it (TRUSTED_PROXY_COUNT), for throttling.

        A request with fewer addresses than we have proxies did not come through all of them, so what it says
        of itself is not believed and the address of the connection counts. So it does where there is no address.
        """
        try:
            address: str = super().get_client_ip(request)
        except (ImproperlyConfigured, PermissionDenied):
            # allauth's errors for too few addresses, and for what is none.
            address = request.META.get("REMOTE_ADDR") or UNKNOWN_ADDRESS
        return unmap_ipv4_address(address)

    def is_safe_url(self, url: str) -> bool:
        """Return whether `next=` may lead there: on this host only."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # what urllib cannot read
            return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try per person and address, and per person over all addresses."""
        super().pre_authenticate(request, **credentials)
        self._person_usage = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed_person",
            key=normalize_login(credentials),
        )
        if not self._person_usage:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        if self._person_usage:
            self._person_usage.rollback()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth puts the host in: tries would start anew on every spelling of every host.
        return f"{normalize_login(credentials)} from {self.get_client_ip(request)}"


def normalize_login(credentials: dict[str, Any]) -> str:
    """Return whom somebody tries to sign in as, in one spelling."""
    login: str = credentials.get("email", credentials.get("username", ""))
    return f"person:{login.strip().lower()}"


def unmap_ipv4_address(address: str) -> str:
    """Return the IPv4 address that an IPv6 one stands for (RFC 4291, 2.5.5.2): by network all of them are one.

    >>> unmap_ipv4_address("::ffff:192.0.2.1"), unmap_ipv4_address("2001:db8::1"), unmap_ipv4_address("unknown")
    ('192.0.2.1', '2001:db8::1', 'unknown')
    """
    try:
        mapped = IPv6Address(address).ipv4_mapped
    except AddressValueError:
        return address
    return str(mapped) if mapped else address
