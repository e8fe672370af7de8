"""What the used bytes are made of: documents and files of apps. What is deleted counts no more."""

from io import StringIO

import pytest
from django.core.files.storage import storages
from django.core.management import call_command

from media_core.ledger.used_bytes import StorageUsage, UsageByKind, read_storage_usage
from media_core.upkeep.recount import recount
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests import apps
from tests.media_core.library.test_usage import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(acme, globex, store):
    """A document, two files of apps, and one that is deleted."""
    store(acme, b"x" * 1000)
    apps.kept(acme, b"x" * 200, "a.png", "media")
    apps.kept(acme, b"x" * 30, "b.pdf")
    apps.kept(acme, b"x" * 4, "c.pdf")
    apps.kept(globex, b"x" * 50_000, "c.pdf")
    with bind_tenant(acme):
        storages["private"].delete("c.pdf")
        sweep_room()
    return acme


def test_the_parts_are_all_that_is_used(three):
    with bind_tenant(three):
        found, counted = read_storage_usage(), recount(mend=False)
    assert found == StorageUsage(documents=UsageByKind(1, 1000), app_files=UsageByKind(2, 230))
    assert counted.agrees
    assert counted.used_bytes == 1230


def test_what_is_taken_down_is_an_apps_file_still(three):
    call_command("tenant", "suspend", "acme/", "--take-down", stdout=StringIO())
    with bind_tenant(three, even_suspended=True):
        assert read_storage_usage().app_files == UsageByKind(2, 230)
        assert recount(mend=False).agrees


def test_an_admin_reads_them_on_the_page(three, browse):
    said = page(browse, three, "ada").replace("\xa0", " ")
    assert "<dt>Documents</dt> <dd>1 kB, 1 object</dd>" in said
    assert "<dt>Files of apps</dt> <dd>230 bytes, 2 objects</dd>" in said
    assert "Deleted" not in said


@pytest.mark.parametrize("who", ["ed", "vic"])
def test_nobody_else_does(who, three, browse):
    said = page(browse, three, who)
    assert "Files of apps" not in said
    assert "Deleted" not in said


def test_where_no_app_keeps_files_nothing_is_said_of_them(acme, store, browse):
    store(acme)
    assert "Files of apps" not in page(browse, acme, "ada")


def test_the_command_says_them_too(three):
    said = StringIO()
    call_command("tenant", "limits", "acme/", stdout=said)
    lines = {line.strip().replace("\xa0", " ") for line in said.getvalue().splitlines()}
    assert "files of apps  230 bytes, 2 object(s)" in lines
