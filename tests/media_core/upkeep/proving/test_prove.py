"""manage.py bucket prove: everything is refused, nothing is left, and what is not refused is named."""

import pytest

from tests.media_core.upkeep.proving.conftest import Prove, newest, state

pytestmark = [pytest.mark.django_db, pytest.mark.bucket]


def test_everything_is_refused_and_nothing_is_left(prove: Prove, acme, globex, hooli) -> None:
    before = state(acme, globex, hooli)
    said = prove()
    assert (said.failure, newest()["failures"]) == ("", [])
    assert said.out.startswith("All ")
    assert state(acme, globex, hooli) == before
