"""The operator, and browsers at the agency and of the tenant's admin."""

import pytest
from django.conf import settings

from tests.conftest import browser_at, new_session


@pytest.fixture
def otto(people):
    return people["otto"]


@pytest.fixture
def agency(otto, acme):
    """The operator's browser at the agency."""
    return browser_at(settings.AGENCY_HOST, new_session(otto, None))


@pytest.fixture
def ada(people, acme):
    return browser_at("acme.example", new_session(people["ada"], acme))
