"""The trash tells nobody of what they may not read, and does nothing for who may not edit any more."""

from collections.abc import Callable

import pytest
from django.test import Client

from media_core.documents.folders import Folder
from media_core.documents.models import Document, TrashEntry
from media_core.documents.purging import delete_forever
from media_core.documents.restriction import restrict_folder
from media_core.documents.trash import restore_entry, trash_document, trash_folder
from tenants.binding import bind_tenant
from tenants.errors import RoleRequired
from tenants.models import Tenant
from tenants.people.models import Membership, Person
from tests.conftest import browser_at, new_session
from tests.folders import admin_of, editor_at, new_folder
from tests.walk import asked, everything_of, written

pytestmark = pytest.mark.django_db
Store = Callable[..., Document]


@pytest.fixture
def guides(acme: Tenant, globex: Tenant, people: dict[str, Person], store: Store) -> Folder:
    """A folder that everybody at acme reads, with a document in it."""
    folder = new_folder(acme, "guides")
    store(acme, b"22", folder=folder)
    return folder


def browser_of(name: str, acme: Tenant, people: dict[str, Person]) -> Client:
    return browser_at("acme.example", new_session(people[name], acme))


def trash(tenant: Tenant, folder: Folder) -> TrashEntry:
    with bind_tenant(tenant):
        return trash_folder(folder.pk, editor=admin_of(tenant))


def test_what_is_hidden_in_a_folder_changes_no_number_of_the_trash(
    guides: Folder, acme: Tenant, people: dict[str, Person], store: Store
) -> None:
    hidden = new_folder(acme, "acme-secret-folder", within=guides, readers=[])
    store(acme, b"333", folder=hidden)
    ed, ada = browser_of("ed", acme, people), browser_of("ada", acme, people)
    assert b"The folder holds 1 document." in ed.get(f"/folders/{guides.pk}/trash").content
    assert b"1 folder and 2 documents" in ada.get(f"/folders/{guides.pk}/trash").content
    trash(acme, guides)
    assert b"Folder with 1 document<" in ed.get("/trash").content
    assert b"2 bytes" in ed.get("/trash").content
    assert b"1 folder and 2 documents" in ada.get("/trash").content


def test_what_lay_in_a_restricted_folder_is_in_the_trash_of_admins_only(
    guides: Folder, acme: Tenant, people: dict[str, Person], store: Store
) -> None:
    ed, ada = browser_of("ed", acme, people), browser_of("ada", acme, people)
    board = new_folder(acme, "board", readers=[])
    empty = written(asked(ed, "get", "/trash"))
    entries = [trash(acme, new_folder(acme, "then", within=board)), trash(acme, board)]
    now = new_folder(acme, "now", within=guides)
    entries.append(trash(acme, now))
    with bind_tenant(acme):
        admin = admin_of(acme)
        inside = store(acme, b"1", title="inside", folder=guides)
        entries.append(trash_document(inside.pk, editor=admin))
        restrict_folder(folder_id=guides.pk, readers=[], admin=admin)
    assert written(asked(ed, "get", "/trash")) == empty
    for entry in entries:
        assert entry.title.encode() in ada.get("/trash").content
        for what in ("restore", "delete"):
            assert ed.post(f"/trash/{entry.pk}/{what}").status_code in {403, 404}
        assert ed.get(f"/trash/{entry.pk}/restore").status_code == 404


def test_nothing_in_the_trash_is_reached_by_its_address(
    guides: Folder, acme: Tenant, people: dict[str, Person]
) -> None:
    with bind_tenant(acme):
        document = Document.objects.get()
    inside = new_folder(acme, "inside", within=guides)
    trash(acme, guides)
    ada, before = browser_of("ada", acme, people), everything_of(acme)
    pages = [f"/d/{document.pk}", f"/documents/{document.pk}", f"/folders/{inside.pk}"]
    pages += [f"/documents/{document.pk}/{what}" for what in ("move", "publish", "trash")]
    pages += [f"/folders/{guides.pk}/{what}" for what in ("move", "rename", "readers", "trash")]
    for page in pages:
        assert ada.get(page).status_code == 404
        assert ada.post(page).status_code in {404, 405}
    assert everything_of(acme) == before


def test_only_admins_delete_forever(
    guides: Folder, acme: Tenant, people: dict[str, Person]
) -> None:
    entry = trash(acme, guides)
    before = everything_of(acme)
    assert browser_of("ed", acme, people).post(f"/trash/{entry.pk}/delete").status_code == 403
    assert everything_of(acme) == before
    assert browser_of("ada", acme, people).get(f"/trash/{entry.pk}/delete").status_code == 200


def test_who_may_edit_no_more_changes_no_trash(
    guides: Folder, acme: Tenant, people: dict[str, Person]
) -> None:
    editor, admin = editor_at(acme, people["ed"]), admin_of(acme)
    entry = trash(acme, new_folder(acme, "trashed"))
    Membership.objects.filter(person__in=[people["ed"], people["ada"]], tenant=acme).delete()
    before = everything_of(acme)
    with bind_tenant(acme):
        for attempt in (
            lambda: trash_folder(guides.pk, editor=editor),
            lambda: restore_entry(entry.pk, editor=editor),
            lambda: delete_forever(entry.pk, admin=admin),
        ):
            with pytest.raises(RoleRequired):
                attempt()
    assert everything_of(acme) == before


def test_older_versions_are_listed_for_editors_only(
    guides: Folder, acme: Tenant, people: dict[str, Person]
) -> None:
    with bind_tenant(acme):
        page = f"/documents/{Document.objects.get().pk}"
    assert b"<h2>Versions" in browser_of("ed", acme, people).get(page).content
    answer = browser_of("vic", acme, people).get(page)
    assert answer.status_code == 200
    assert b"<h2>Versions" not in answer.content
