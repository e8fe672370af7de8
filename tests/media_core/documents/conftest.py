"""Who changes folders of acme's."""

import pytest

from tests.folders import admin_of, editor_at


@pytest.fixture
def ada(acme):
    return admin_of(acme)


@pytest.fixture
def ed(acme, people):
    return editor_at(acme, people["ed"])
