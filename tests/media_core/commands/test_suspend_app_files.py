"""manage.py tenant suspend and resume, and apps' public files: counted, taken down, and back under their names."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from media_core.app_files.models import AppFile
from media_core.app_files.sweeping import sweep_app_files
from media_core.bucket.client import get_bucket_client
from media_core.upkeep.app_takedown import bring_files_back
from media_core.uploads.flow import sweep
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.apps import address_of, kept
from tests.media_core.commands.test_suspend import tenant
from tests.media_core.conftest import books, end_removals, in_a_thread
from tests.media_core.documents.conftest import seen_by_a_stranger
from tests.media_core.locks import wait_until_blocked
from tests.media_core.test_transactions import close_after
from tests.media_core.uploads.faults import BOTH, parametrize_cuts
from tests.operations import take_all_down

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(acme: Tenant, globex: Tenant) -> AppFile:
    kept(acme, b"acme's secret", "picture.png", "private")
    kept(globex, b"globex's", "img/picture.png", "media")
    return kept(acme, b"acme's picture", "img/picture.png", "media")


def read_as_stranger(of: Tenant, name: str = "img/picture.png") -> bytes | None:
    """Return what strangers get at the file's public address."""
    with bind_tenant(of, even_suspended=True):
        return seen_by_a_stranger(of.prefix.build_key(f"media/{name}"))


def states(of: Tenant) -> list[tuple[str, str, str]]:
    with bind_tenant(of, even_suspended=True):
        files = AppFile.objects.order_by("area", "name")
        return list(files.values_list("stored_object__area", "state", "name"))


def said_of(*arguments: str) -> str:
    return tenant(*arguments).replace("\xa0", " ")


def test_says_how_many_stay_public_files_of_apps_among_them(picture, acme, store):
    store(acme, b"brochure", visibility="public")
    assert "2 public object(s), 22 bytes, stay public" in said_of("suspend", "acme/")
    assert read_as_stranger(acme) == b"acme's picture"


def test_takes_them_down_and_nothing_of_another_tenant(picture, acme, globex):
    before = books(acme)
    said = said_of("suspend", "acme/", "--take-down")
    assert "Took 0 document(s) and 1 file(s) of apps down" in said
    assert "stay public" not in said
    assert (read_as_stranger(acme), read_as_stranger(globex)) == (None, b"globex's")
    assert states(acme) == [
        ("private", "taken_down", "img/picture.png"), ("private", "saved", "picture.png")
    ]  # fmt: skip
    assert books(acme) == before


def test_resume_brings_them_back_under_the_same_address_with_the_same_headers(picture, acme):
    def head():
        return get_bucket_client().head_object(
            Bucket="test-bucket", Key="acme/media/img/picture.png"
        )

    address, before = address_of(acme, picture), head()
    tenant("suspend", "acme/", "--take-down")
    said = said_of("resume", "acme/")
    assert "Brought 0 document(s) and 1 file(s) of apps back." in said
    assert read_as_stranger(acme) == b"acme's picture"
    acme.refresh_from_db()
    with bind_tenant(acme):
        row = AppFile.objects.live("media").get()
        assert address_of(acme, row) == address
        with default_storage.open("img/picture.png") as file:
            assert file.read() == b"acme's picture"
    after = head()
    for name in ("ContentType", "ContentDisposition", "CacheControl", "ContentLength"):
        assert after[name] == before[name]


def test_running_again_has_nothing_to_do(picture, acme):
    for _ in range(2):
        said = said_of("suspend", "acme/", "--take-down")
    assert "Took 0 document(s) down" in said
    tenant("resume", "acme/")
    assert "was not suspended. Nothing was changed." in tenant("resume", "acme/")


def test_on_disk_they_go_and_come_back_too(acme, globex, browse, settings, tmp_path):
    settings.USE_S3_MEDIA, settings.DISK_MEDIA_ROOT = False, str(tmp_path)
    row = kept(acme, b"on disk", "img/a.png", "media")
    path = address_of(acme, row)
    assert b"".join(browse(acme).get(path).streaming_content) == b"on disk"
    tenant("suspend", "acme/", "--take-down")
    assert not list(tmp_path.rglob("media/img/*"))
    tenant("resume", "acme/")
    assert b"".join(browse(acme).get(path).streaming_content) == b"on disk"


# --- Apps at work while not everything is back yet


@pytest.fixture
def taken_down(picture, acme: Tenant) -> Tenant:
    with bind_tenant(acme):
        take_all_down()
    return acme


def test_nobody_else_gets_the_name_meanwhile(taken_down):
    with bind_tenant(taken_down):
        other = kept(taken_down, b"another", "img/picture.png", "media")
        assert other.name != "img/picture.png"
        bring_files_back(lambda _done, _of: None)
    assert read_as_stranger(taken_down) == b"acme's picture"
    assert read_as_stranger(taken_down, str(other.name)) == b"another"


def test_what_an_app_deletes_meanwhile_does_not_come_back(taken_down):
    with bind_tenant(taken_down):
        default_storage.delete("img/picture.png")
        assert bring_files_back(lambda _done, _of: None).done == 0
    assert read_as_stranger(taken_down) is None
    assert ("private", "deleted", "img/picture.png") in states(taken_down)


@pytest.mark.parametrize(("is_undone", "left"), [(False, [("private", "taken_down")]), (True, [])])
def test_a_take_down_waits_for_transactions_in_which_apps_save_files(
    is_undone, left, committed, acme, globex
):
    def take_down():
        with bind_tenant(acme):
            take_all_down()

    def each():
        with ThreadPoolExecutor(1) as pool, bind_tenant(acme):
            with transaction.atomic():
                default_storage.save("img/late.png", ContentFile(b"late"))
                work = pool.submit(close_after, take_down)
                wait_until_blocked()
                transaction.set_rollback(is_undone)
            work.result()
        return [(area, state) for area, state, _ in states(acme)]

    assert committed(each) == left
    assert read_as_stranger(acme, "img/late.png") is None


@pytest.mark.parametrize("name", ["img/picture.png", "picture.png"])
def test_its_bytes_are_under_no_private_name(name, taken_down, browse):
    answer = browse(taken_down, "ada").get(f"/private/{name}")
    assert (answer.status_code == 302) == (name == "picture.png")


# --- Whatever ends it, and wherever

# What each does, what strangers get then, and in how many states it may end: what is brought back is kept as well.
FLOWS: dict[str, tuple[Callable[..., object], bytes | None, int]] = {
    "take down": (take_all_down, None, 9),
    "bring back": (lambda: bring_files_back(lambda _done, _of: None), b"public", 6),
}


# How one file moves is cut in every run: tests/media_core/app_files/test_moving_faults.py.
@parametrize_cuts(in_every_run=[], when_slow=BOTH)
@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_that_ends_at_any_step_is_ended_by_the_next(cuts, name, committed):
    acme = Tenant.objects.get(location_prefix="acme/")
    flow, result, states = FLOWS[name]

    def here(*works):
        def bound():
            with bind_tenant(acme, even_suspended=True):
                return [work() for work in works]

        return in_a_thread(bound)

    in_a_thread(lambda: kept(acme, b"public", "img/a.png", "media"))
    before = in_a_thread(lambda: books(acme))
    for run in cuts.iterate_runs(steps=30, states=states):
        here(FLOWS["take down" if name == "bring back" else "bring back"][0])
        run(flow, acme)
        assert read_as_stranger(acme, "img/a.png") in {b"public", None}
        here(end_removals, flow, sweep, sweep_app_files)
        assert read_as_stranger(acme, "img/a.png") == result, run.cut_point
        assert in_a_thread(lambda: books(acme))[0] == before[0]
