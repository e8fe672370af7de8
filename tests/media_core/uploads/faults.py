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
from media_core.storages.client import anonymous_client, bucket_client
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

    watched = [
        (client.meta.events, event)
        for client in (bucket_client(), anonymous_client())
        for event in ("before-send.s3", "after-call.s3")
    ]
    for events, event in watched:
        events.register(event, count)
    _of_this_thread.count = count
    try:
        with connection.execute_wrapper(counted_statement):
            yield
    finally:
        _of_this_thread.count = None
        for events, event in watched:
            events.unregister(event, count)


def interrupted(
    flow: Callable[[], object], tenant: Tenant, step: int, die: Die = interrupt
) -> bool:
    """Return whether the flow lived: it is interrupted at this step, if it has so many."""

    def run() -> bool:
        try:
            with bind_tenant(tenant, even_suspended=True), dying_at(step, die):
                flow()
        except KeyboardInterrupt:
            return False
        return True

    return in_a_thread(run)


def killed(flow: Callable[[], object], tenant: Tenant, step: int) -> bool:
    """Return whether the flow of a process of its own lived, or was killed at this step."""
    child = os.fork()
    if child == 0:
        try:
            # A thread has a connection of its own: the parent's is left alone.
            interrupted(flow, tenant, step, kill)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL
    return os.WIFEXITED(status)


ENDS = {"interrupted": interrupted, "killed": killed}


def upload_by(member: Member) -> Callable[[], object]:
    """Return the flow of an upload."""
    return lambda: store_upload(
        uploader=required_editor(member), file=ContentFile(b"content", name="offer.pdf")
    )
