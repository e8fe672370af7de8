"""Ends a flow at its n-th step: every statement and every bucket request is a step before, and one after it.

On disk every folder or file that is made, opened, linked or removed is a step before it.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.files.base import ContentFile
from django.db import connection

from media_core.documents.permissions import required_editor
from media_core.storages.client import bucket_client
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.people.identity import Member
from tests.media_core.conftest import in_a_thread

Die = Callable[[], None]


# What CPython tells its audit hooks of; a hook stays for the life of the process, so it asks whether it is meant.
DISK_STEPS = frozenset({"os.link", "os.mkdir", "os.remove", "os.rmdir"})
_of_this_thread = threading.local()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    count = getattr(_of_this_thread, "count", None)
    is_opening = event == "open" and arguments[1] is None
    if count and (is_opening or event in DISK_STEPS):
        count()


sys.addaudithook(_hear)


def interrupt() -> NoReturn:
    """End like a worker that is told to stop: with an exception that nobody may swallow."""
    raise KeyboardInterrupt


def kill() -> None:
    """End like a worker that runs out of memory: nothing of ours runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dying_at(step: int, die: Die) -> Iterator[None]:
    """Call `die` at the n-th step that this thread takes inside the block."""
    left = step

    def count(**_given: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    def counted_statement(execute: Any, *arguments: Any) -> Any:
        count()
        answer = execute(*arguments)
        count()
        return answer

    events = bucket_client().meta.events
    for event in ("before-send.s3", "after-call.s3"):
        events.register(event, count)
    _of_this_thread.count = count
    try:
        with connection.execute_wrapper(counted_statement):
            yield
    finally:
        _of_this_thread.count = None
        for event in ("before-send.s3", "after-call.s3"):
            events.unregister(event, count)


def lived(work: Callable[[], object], step: int, die: Die = interrupt) -> bool:
    """Return whether the work lived: it ends at this step, if it has so many. It binds its tenant itself."""

    def work_that_dies() -> bool:
        try:
            with dying_at(step, die):
                work()
        except KeyboardInterrupt:
            return False
        return True

    return in_a_thread(work_that_dies)


def lived_in_a_process(work: Callable[[], object], step: int) -> bool:
    """Return whether the work of a process of its own lived, or was killed at this step."""
    child = os.fork()
    if child == 0:
        try:
            lived(work, step, kill)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL
    return os.WIFEXITED(status)


def upload_that_dies(tenant: Tenant, member: Member, step: int, die: Die) -> bool:
    """Return whether the upload lived: it ends at this step, if it has so many."""
    return lived(lambda: upload(tenant, member), step, die)


def killed_upload_lived(tenant: Tenant, member: Member, step: int) -> bool:
    """Return whether the upload of a process of its own lived, or was killed at this step."""
    return lived_in_a_process(lambda: upload(tenant, member), step)


def upload(tenant: Tenant, member: Member) -> None:
    with bind_tenant(tenant):
        file = ContentFile(b"content", name="offer.pdf")
        store_upload(uploader=required_editor(member), file=file)
