"""How much comes is counted while it comes: over real HTTP, from clients that lie about their length."""

from collections.abc import Iterator
from typing import Any

import pytest

from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.uploads.body_limits import FORM_OVERHEAD_BYTES
from tenants.binding import bind_tenant
from tenants.models import Quota, Tenant
from tests.conftest import World, new_session
from tests.media_core.conftest import in_a_thread, remove_everything
from tests.media_core.uploads.live import Live, form, served

pytestmark = pytest.mark.django_db
LIMIT = 300_000
SMALL = form(b"x" * 1000)
# The form around it is smaller than what is set aside for it, so its length alone refuses nothing.
TOO_LARGE = form(b"x" * (LIMIT + 1))


@pytest.fixture(scope="module")
def live(world: World, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Live]:
    """Serve the gateway while acme takes small files only."""
    acme, waiting = world.tenants["acme"], tmp_path_factory.mktemp("waiting")

    def limit(most: int | None) -> str:
        Tenant.objects.filter(pk=acme.pk).update(upload_max_bytes=most)
        return new_session(world.people["ed"], acme)

    with django_db_blocker.unblock():
        key = in_a_thread(lambda: limit(LIMIT))
        with served(waiting) as port:
            yield Live(port, waiting, key)
        in_a_thread(lambda: limit(None))
        in_a_thread(lambda: remove_everything(acme))


@pytest.fixture(autouse=True)
def _nothing_stays(live: Live, world: World, django_db_blocker: Any) -> Iterator[None]:
    yield
    assert list(live.waiting.iterdir()) == []

    def clear() -> None:
        with bind_tenant(world.tenants["acme"]):
            Document.objects.all().delete()
            StoredObject.objects.all().delete()
        Quota.objects.update(used_bytes=0, reserved_bytes=0, quota_bytes=None)

    with django_db_blocker.unblock():
        in_a_thread(clear)


@pytest.fixture
def stored(world: World, django_db_blocker: Any) -> Any:
    """Return the sizes of what acme has."""

    def sizes() -> list[int]:
        with bind_tenant(world.tenants["acme"]):
            return list(StoredObject.objects.stored().values_list("size_bytes", flat=True))

    def ask() -> list[int]:
        with django_db_blocker.unblock():
            return in_a_thread(sizes)

    return ask


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


def test_an_honest_upload_is_stored(live, stored):
    assert live.asked(live.headers(length(SMALL)) + SMALL)[0] == 302
    assert stored() == [1000]


def test_a_file_as_large_as_the_limit_is_stored(live, stored):
    body = form(b"x" * LIMIT)
    assert live.asked(live.headers(length(body)) + body)[0] == 302
    assert stored() == [LIMIT]


def test_a_length_beyond_the_limit_is_refused_before_anything_is_sent(live, stored):
    status, page = live.asked(live.headers(f"Content-Length: {LIMIT + FORM_OVERHEAD_BYTES + 1}"))
    assert (status, stored()) == (413, [])
    assert "larger than is allowed here. 300 kB is the most." in page


def test_a_file_beyond_the_limit_is_stopped_while_it_comes(live, stored):
    status, page = live.asked(live.headers(length(TOO_LARGE)) + TOO_LARGE)
    assert (status, stored()) == (413, [])
    assert "300 kB is the most." in page


def test_the_rest_of_a_file_beyond_the_limit_is_not_waited_for(live, stored):
    body = form(b"x" * (LIMIT + 90_000))
    # All but the end: whoever reads on waits for it.
    status, page = live.asked(live.headers(length(body)) + body[:-20_000])
    assert (status, stored()) == (413, [])
    assert "300 kB is the most." in page


def test_more_than_was_declared_is_not_read(live, stored):
    sent = live.headers(f"Content-Length: {len(SMALL) - 500}", "Connection: close") + TOO_LARGE
    status, _ = live.asked(sent)
    assert status in {302, 400, 403}
    assert stored() == []


def test_less_than_was_declared_is_no_upload(live, stored):
    sent = live.headers(f"Content-Length: {len(SMALL) + 500}") + SMALL[:700]
    status, page = live.asked(sent, close=True)
    assert (status, stored()) == (400, [])
    assert "The upload broke off before its end. Nothing was stored; please send it again." in page


@pytest.mark.parametrize("declared", [[], ["Content-Length: 10"]])
def test_parts_of_no_declared_length_are_not_read(declared, live, stored):
    parts = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (SMALL[:500], SMALL[500:]))
        + b"0\r\n\r\n"
    )
    status, _ = live.asked(
        live.headers(*declared, "Transfer-Encoding: chunked", "Connection: close") + parts
    )
    assert (status, stored()) == (400 if declared else 411, [])


def test_what_cannot_fit_into_the_quota_is_refused_before_it_is_sent(
    live, stored, world, django_db_blocker
):
    with django_db_blocker.unblock():
        in_a_thread(
            lambda: Quota.objects.filter(tenant=world.tenants["acme"]).update(quota_bytes=50_000)
        )
    status, page = live.asked(live.headers(f"Content-Length: {FORM_OVERHEAD_BYTES + 70_001}"))
    assert (status, stored()) == (413, [])
    # Not how much: that is a sum over folders which not everybody who uploads may read.
    assert "and less than that is left." in page
    assert "50 kB" not in page
    # What may fit is let in, and then it does.
    body = form(b"x" * 50_000)
    assert live.asked(live.headers(length(body)) + body)[0] == 302
    assert stored() == [50_000]
