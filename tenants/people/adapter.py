"""How allauth behaves here: nobody signs up by themselves, and sign-in is throttled over all hosts together."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

from tenants.people.backends import belongs_here
from tenants.people.models import Person

UNKNOWN_ADDRESS = "unknown"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

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
        return address

    def is_safe_url(self, url: str) -> bool:
        """Return whether `next=` may lead there: on this host only."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # what urllib cannot read
            return False

    def send_password_reset_mail(self, user: Person, email: str, context: dict[str, Any]) -> None:
        """Mail the link to who belongs here; nobody else hears of this host."""
        if belongs_here(user):
            super().send_password_reset_mail(user, email, context)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth puts the host in: tries would start anew on every spelling of every host.
        login = credentials.get("email", credentials.get("username", ""))
        return f"person:{login.strip().lower()}"
