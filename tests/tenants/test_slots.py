"""A few threads wait for the bucket or check files; one tenant has only some of those."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from time import monotonic
from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse

from tenants import slots
from tenants.binding import bind_tenant
from tenants.errors import TooBusy
from tenants.slots import SlotMiddleware, Slots, get_process_slots, hold_slot

ACME, GLOBEX, HOOLI = uuid4(), uuid4(), uuid4()


pytestmark = pytest.mark.django_db


def is_refused(known: Slots, tenant_id, *, waits: bool = False) -> bool:
    try:
        with known.hold(tenant_id, waits=waits):
            return False
    except TooBusy:
        return True


def test_one_tenant_has_only_its_share():
    known = Slots(total=4, per_tenant=2)
    with known.hold(ACME, waits=False), known.hold(ACME, waits=False):
        assert is_refused(known, ACME)
        assert not is_refused(known, GLOBEX)
    assert not is_refused(known, ACME)


def test_all_tenants_together_have_only_the_total():
    known = Slots(total=2, per_tenant=1)
    with known.hold(ACME, waits=False), known.hold(GLOBEX, waits=False):
        assert is_refused(known, HOOLI)


def test_a_slot_is_given_back_when_the_work_fails():
    known = Slots(total=1, per_tenant=1)
    with pytest.raises(ValueError, match="broken"), known.hold(ACME, waits=False):
        raise ValueError("broken")
    assert not is_refused(known, ACME)


def test_a_read_waits_for_a_slot_that_is_soon_free():
    known, is_held, may_end = Slots(total=1, per_tenant=1), Event(), Event()

    def hold() -> None:
        with known.hold(ACME, waits=False):
            is_held.set()
            may_end.wait()

    with ThreadPoolExecutor(2) as threads:
        holder = threads.submit(hold)
        is_held.wait()
        reader = threads.submit(is_refused, known, GLOBEX, waits=True)
        may_end.set()
        assert reader.result() is False
        holder.result()


def test_nobody_waits_behind_one_that_waits_long(monkeypatch):
    monkeypatch.setattr(slots, "MAX_WAIT_SECONDS", 0.05)
    known = Slots(total=1, per_tenant=1)
    with known.hold(ACME, waits=False):
        began = monotonic()
        assert is_refused(known, GLOBEX, waits=True)
        waited = monotonic()
        assert waited - began >= 0.05
        assert all(is_refused(known, GLOBEX, waits=True) for _ in range(100))
        assert monotonic() - waited < 100 * 0.05


def test_jobs_and_commands_need_none(acme, globex, settings):
    settings.WEB_THREADS = 1
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(hold_slot())


def test_a_request_needs_one_however_much_it_does(acme, globex, settings):
    settings.WEB_THREADS = 2

    def answer(_request):
        with hold_slot(), hold_slot(), hold_slot(waits=True):
            assert is_refused(get_process_slots(), acme.id)
        assert not is_refused(get_process_slots(), acme.id)
        return HttpResponse("answer")

    with bind_tenant(acme):
        assert SlotMiddleware(answer)(HttpRequest()).content == b"answer"
