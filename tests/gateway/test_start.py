"""A server whose database is away when it starts: it serves nobody, says so, and serves as soon as it can."""

import time

import pytest

from tests.gunicorn import asked, gunicorn
from tests.relay import Relay

pytestmark = pytest.mark.django_db


def test_nobody_is_served_until_the_database_is_there_and_then_without_a_restart(world, tmp_path):
    relay = Relay()
    with gunicorn(relay.url, tmp_path / "log") as address:
        assert asked(address, "/healthz").status_code == 200
        assert (asked(address, "/readyz").text, asked(address, "/").status_code) == (
            "not ready: the database does not answer\n",
            503,
        )
        assert asked(address, "/", "agency.localhost").headers["Retry-After"] == "3"
        with relay.open():
            while asked(address, "/readyz").status_code != 200:
                time.sleep(0.2)
            assert "/accounts/login/" in asked(address, "/").headers["Location"]
    assert "does not answer" in (tmp_path / "log").read_text()
