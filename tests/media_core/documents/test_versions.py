"""Replacing and restoring: the address stays, the older versions stay, and the public gets the newest at once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from media_core.audit.models import AuditEvent
from media_core.documents import versions
from media_core.documents.models import Version
from media_core.documents.publishing import find_editable, publish
from media_core.documents.renaming import rename_document
from media_core.documents.versions import NewFile, create_version, restore_version
from media_core.errors import DocumentChanged, UploadRefused
from media_core.ledger.models import StoredObject
from media_core.library.paging import ROWS_PER_PAGE
from media_core.uploads.flow import replace_file
from tenants import quotas
from tenants.binding import bind_tenant
from tenants.errors import NameRefused, NotFound
from tenants.models import VERSIONS_KEPT
from tenants.tenant_limits import change_limits
from tests.media_core.documents.conftest import again, bytes_of, seen_by_a_stranger
from tests.wire import bucket_requests

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.usefixtures("in_acme")]
SECOND = b"%PDF-1.4\nthe second\n%%EOF\n"


def replace(document, editor, body: bytes = SECOND, name: str = "second.pdf", **given) -> Any:
    file = SimpleUploadedFile(name, body, "application/pdf")
    return replace_file(document.pk, uploader=editor, file=file, **given)


def numbers(document) -> list[int]:
    return [version.number for version in document.versions.all()]


def test_a_replaced_document_keeps_its_id_and_its_older_version(private, ed):
    before = private.original
    now = replace(private, ed, note="New prices")
    assert (now.pk, now.title, now.name) == (private.pk, private.title, "second.pdf")
    assert bytes_of(now.original) == SECOND
    assert bytes_of(before) == bytes_of(again(private).versions.get(number=1).original)
    assert (numbers(now), now.versions.get(number=2).note) == ([2, 1], "New prices")


def test_of_a_public_document_the_public_gets_the_new_file_and_nothing_of_the_old_one(public, ed):
    before = public.public_copy
    now = replace(public, ed)
    assert seen_by_a_stranger(now.public_copy.key) == SECOND
    assert seen_by_a_stranger(before.key) is None
    assert StoredObject.objects.get(pk=before.pk).state == "gone"


def test_a_restored_version_is_a_new_one_of_the_same_bytes_and_none_are_copied(private, ed):
    first = private.original
    replace(private, ed)
    with bucket_requests() as sent:
        now = restore_version(private.pk, 1, editor=ed)
    assert sent == []
    assert (now.original, now.name, numbers(now)) == (first, private.name, [3, 2, 1])


def test_a_version_before_a_renaming_is_restored_with_its_name(private, ed):
    rename_document(private.pk, title="T", file_name="new.pdf", editor=ed)
    now = restore_version(private.pk, 1, editor=ed)
    assert (now.name, now.original, numbers(now)) == (private.name, private.original, [3, 2, 1])


def test_restoring_the_newest_changes_nothing(private, ed):
    assert numbers(restore_version(private.pk, 1, editor=ed)) == [1]


def test_the_version_before_a_new_name_is_restored_with_its_name(private, ed):
    before = private.name
    rename_document(private.pk, title="", file_name="prices.pdf", editor=ed)
    assert restore_version(private.pk, 1, editor=ed).name == before
    assert numbers(private) == [3, 2, 1]


def test_a_version_of_a_public_document_is_restored_for_the_public_too(public, ed):
    before = bytes_of(public.original)
    replace(public, ed)
    now: Any = restore_version(public.pk, 1, editor=ed)
    assert seen_by_a_stranger(now.public_copy.key) == before


@pytest.fixture
def keep_versions(acme) -> Iterator[Callable[[int | None], None]]:
    """Let acme keep so many versions until the test is over."""
    before = acme.versions_kept

    def keep_so_many(number: int | None) -> None:
        change_limits(acme, versions_kept=number)
        acme.refresh_from_db()

    yield keep_so_many
    acme.versions_kept = before


def test_older_versions_count_in_the_quota_until_they_are_dropped(private, ed, keep_versions):
    keep_versions(2)
    before = quotas.read_quota().used_bytes
    replace(private, ed)
    assert quotas.read_quota().used_bytes == before + len(SECOND)
    replace(private, ed, b"%PDF-1.4\nthree\n%%EOF\n")
    assert numbers(again(private)) == [3, 2]
    dropped = StoredObject.objects.get(pk=private.original_id)
    assert (dropped.state, dropped.charged_bytes) == ("condemned", 0)
    assert dropped.purge_after > timezone.now() + timedelta(days=34)
    assert bytes_of(dropped), "A backup of yesterday still finds it."


@pytest.mark.parametrize(("kept", "left"), [(1, 1), (4, 4), (VERSIONS_KEPT, 10), (None, 13)])
def test_a_tenant_keeps_as_many_versions_as_the_agency_set(kept, left, private, ed, keep_versions):
    keep_versions(kept)
    for number in range(12):
        add_a_version(private, ed, number)
    assert numbers(again(private)) == list(range(13, 13 - left, -1))


def add_a_version(document, editor, number: int) -> None:
    """Add a version without an object."""
    rename_document(document.pk, title="", file_name=f"{number}.pdf", editor=editor)


def test_what_a_lower_number_leaves_goes_with_the_next_replacements_the_oldest_first(
    private, ed, keep_versions, monkeypatch
):
    monkeypatch.setattr(versions, "MAX_DROPPED", 3)
    keep_versions(None)
    for number in range(6):
        add_a_version(private, ed, number)
    keep_versions(2)
    assert numbers(again(private)) == [7, 6, 5, 4, 3, 2, 1]
    add_a_version(private, ed, 6)
    assert numbers(again(private)) == [8, 7, 6, 5, 4]
    add_a_version(private, ed, 7)
    add_a_version(private, ed, 8)
    assert numbers(again(private)) == [10, 9]


def test_an_original_that_a_newer_version_has_too_is_not_dropped(private, ed, keep_versions):
    keep_versions(2)
    replace(private, ed)
    restore_version(private.pk, 1, editor=ed)
    now = again(private)
    assert (numbers(now), now.original.state) == ([3, 2], "stored")


def test_what_is_no_file_replaces_nothing(private, ed):
    with pytest.raises(UploadRefused):
        replace(private, ed, b"")
    assert numbers(again(private)) == [1]


def test_what_another_published_meanwhile_is_not_replaced_under_their_hands(private, ed, ada):
    stale = find_editable(private.pk, ed)
    publish(private.pk, editor=ada)
    file = NewFile(stale.versions.get().original, "x.pdf")
    with pytest.raises(DocumentChanged):
        versions.add_version(stale, file, editor=ed)
    assert numbers(again(private)) == [1]


def test_a_document_of_another_tenant_is_not_there(ed, globex, store):
    foreign = store(globex, b"globex's")
    with pytest.raises(NotFound):
        replace(foreign, ed)
    with pytest.raises(NotFound):
        restore_version(foreign.pk, 1, editor=ed)


@pytest.fixture
def page_when_kept(private, acme, browse, keep_versions) -> Callable[[int | None, str], str]:
    """Return a page of the document when acme keeps so many versions."""

    def open_page(kept: int | None, page: str) -> str:
        keep_versions(kept)
        answer = browse(acme, "ed").get(f"/documents/{private.pk}/{page}")
        return str(answer.content.decode())

    return open_page


class TestPages:
    def test_an_editor_replaces_opens_and_restores(self, private, acme, browse):
        browser = browse(acme, "ed")
        file = SimpleUploadedFile("second.pdf", SECOND, "application/pdf")
        path = f"/documents/{private.pk}"
        assert "Replace the file" in browser.get(f"{path}/replace").content.decode()
        answer = browser.post(f"{path}/replace", {"file": file, "note": "New prices"})
        assert (answer.status_code, answer.headers["Location"]) == (302, path)
        page = browser.get(path).content.decode()
        assert "New prices" in page
        assert "Its link stays the same." in page
        opened = browser.get(f"{path}/versions/1")
        assert (opened.status_code, opened.headers["Cache-Control"]) == (302, "private, no-store")
        assert "Restore version 1?" in browser.get(f"{path}/versions/1/restore").content.decode()
        assert browser.post(f"{path}/versions/1/restore").status_code == 302
        with bind_tenant(acme):
            assert again(private).name == private.name
            assert Version.objects.filter(document=private.pk).count() == 3

    @pytest.mark.parametrize(
        ("kept", "said"),
        [
            (None, "The current file stays in the list of versions. </p>"),
            (3, "The current file stays in the list of versions. </p>"),
            (2, "The oldest version will be deleted: the newest 2 are kept."),
            (1, "The current file will be deleted: only the newest version is kept."),
        ],
    )
    def test_the_form_says_what_is_deleted(self, kept, said, private, ed, page_when_kept):
        replace(private, ed)
        assert said in page_when_kept(kept, "replace")

    def test_restoring_says_how_many_versions_are_deleted(self, private, ed, page_when_kept):
        for _ in range(3):
            replace(private, ed)
        assert "The 2 oldest versions will be deleted" in page_when_kept(3, "versions/1/restore")

    def test_a_long_list_of_versions_has_pages(self, private, ed, acme, browse):
        with bind_tenant(acme):
            for number in range(2, ROWS_PER_PAGE + 3):
                create_version(
                    private, NewFile(private.original, "x.pdf"), number=number, editor=ed
                )
        browser, path = browse(acme, "ed"), f"/documents/{private.pk}"
        pages = [browser.get(f"{path}?page={page}").content.decode() for page in (1, 2)]
        assert [page.count("/restore") for page in pages] == [ROWS_PER_PAGE - 1, 2]
        assert ["current" in page for page in pages] == [True, False]
        assert "Page 1 of 2" in pages[0]

    def test_a_refused_file_leaves_the_form_and_says_why(self, private, acme, browse):
        file = SimpleUploadedFile("second.pdf", b"", "application/pdf")
        answer = browse(acme, "ed").post(
            f"/documents/{private.pk}/replace", {"file": file, "note": "New prices"}
        )
        page = answer.content.decode()
        assert "The file is empty." in page
        assert 'value="New prices"' in page

    @pytest.mark.parametrize("path", ["replace", "versions/1", "versions/1/restore"])
    def test_a_viewer_reaches_none_of_it(self, path, private, acme, browse):
        assert browse(acme, "vic").get(f"/documents/{private.pk}/{path}").status_code == 403
        assert (
            "Versions" not in browse(acme, "vic").get(f"/documents/{private.pk}").content.decode()
        )

    def test_a_version_that_is_not_there_looks_like_what_is_missing(self, private, acme, browse):
        assert browse(acme, "ed").get(f"/documents/{private.pk}/versions/9").status_code == 404


class TestNames:
    def test_another_title_is_no_new_version(self, private, ed):
        now = rename_document(private.pk, title="Prices", file_name=private.name, editor=ed)
        assert (now.title, now.name, numbers(now)) == ("Prices", private.name, [1])

    def test_another_file_name_is_a_version_of_the_same_original(self, private, ed):
        now = rename_document(private.pk, title="", file_name="prices.pdf", editor=ed)
        assert (now.title, now.name, numbers(now)) == ("prices.pdf", "prices.pdf", [2, 1])
        assert now.original == private.original

    def test_title_and_file_name_change_in_one_step_or_not_at_all(self, private, ed):
        rename_document(private.pk, title="Prices", file_name="prices.pdf", editor=ed)
        now = again(private)
        assert (now.title, now.name, now.revision) == ("Prices", "prices.pdf", 2)
        said = [str(event) for event in AuditEvent.objects.order_by("at")]
        assert said == ["Ed replaced Prices", "Ed renamed Prices"]

    def test_the_public_gets_the_file_under_its_new_name(self, public, ed):
        now: Any = rename_document(public.pk, title="", file_name="prices.pdf", editor=ed)
        assert now.public_copy.name.endswith("/prices.pdf")
        assert seen_by_a_stranger(now.public_copy.key)

    def test_another_ending_is_refused(self, private, ed):
        with pytest.raises(NameRefused, match=r"must end in \.pdf"):
            rename_document(private.pk, title="x", file_name="prices.html", editor=ed)
        assert again(private).title == private.title

    def test_the_page_shows_both_names_and_says_what_is_refused(self, private, acme, browse):
        browser, path = browse(acme, "ed"), f"/documents/{private.pk}"
        assert f'value="{private.name}"' in browser.get(f"{path}/rename").content.decode()
        refused = browser.post(f"{path}/rename", {"title": "x", "file_name": "prices.html"})
        assert "must end in .pdf" in refused.content.decode()
        assert browser.post(f"{path}/rename", {"title": "x", "file_name": "prices.pdf"}).url == path
        assert browse(acme, "vic").get(f"{path}/rename").status_code == 403
