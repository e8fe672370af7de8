"""Ends an upload at its n-th step: every statement and every bucket request is a step before, and one after it."""

import os
import signal
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
    try:
        with connection.execute_wrapper(counted_statement):
            yield
    finally:
        for event in ("before-send.s3", "after-call.s3"):
            events.unregister(event, count)


def upload_that_dies(tenant: Tenant, member: Member, step: int, die: Die) -> bool:
    """Return whether the upload lived: it ends at this step, if it has so many."""

    def upload() -> bool:
        file = ContentFile(b"content", name="offer.pdf")
        try:
            with bind_tenant(tenant), dying_at(step, die):
                store_upload(uploader=required_editor(member), file=file)
        except KeyboardInterrupt:
            return False
        return True

    return in_a_thread(upload)


def killed_upload_lived(tenant: Tenant, member: Member, step: int) -> bool:
    """Return whether the upload of a process of its own lived, or was killed at this step."""
    child = os.fork()
    if child == 0:
        try:
            # A thread has a connection of its own: the parent's is left alone.
            upload_that_dies(tenant, member, step, kill)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL
    return os.WIFEXITED(status)
