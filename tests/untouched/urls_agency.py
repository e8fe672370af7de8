"""The agency's host has no pages here: its people do not sign in with a tenant's users."""

from typing import Any

urlpatterns: list[Any] = []
