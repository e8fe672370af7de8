"""A mail server that the settings name, and everybody who may get mail."""

from collections.abc import Iterator
from typing import Any

import pytest

from tenants.breaker import Breaker
from tenants.jobs import mail_server
from tenants.models import Tenant
from tenants.people.models import Person
from tests.smtp_server import SmtpServer


@pytest.fixture(autouse=True)
def _everybody(acme: Tenant, globex: Tenant, people: dict[str, Person]) -> None:
    """The cast is there in every test of this folder."""


@pytest.fixture
def smtp(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpServer]:
    """Lend a mail server, for whose answers a second is waited, and which may be asked again at once."""
    monkeypatch.setattr(mail_server, "_breaker", Breaker())
    monkeypatch.setattr(mail_server, "TIMEOUT_PAUSE_SECONDS", 0)
    with SmtpServer() as server:
        for name, value in server.settings(timeout_seconds=1).items():
            setattr(settings, name, value)
        yield server
