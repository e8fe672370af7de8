"""How allauth behaves here: nobody signs up by themselves, and sign-in is throttled over all hosts together."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

UNKNOWN_ADDRESS = "unknown"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address as our own proxies wrote it (TRUSTED_PROXY_COUNT), for throttling.

        A request with fewer addresses than we have proxies did not come through all of them, so what it says
        of itself is not believed and the address of the connection counts.
        """
        try:
            address = super().get_client_ip(request)
        except ImproperlyConfigured:
            address = request.META.get("REMOTE_ADDR")
        return address or UNKNOWN_ADDRESS

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth puts the host in: tries would start anew on every spelling of every host.
        login = credentials.get("email", credentials.get("username", ""))
        return f"person:{login.strip().lower()}"
