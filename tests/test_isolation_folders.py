"""A member outside a restricted folder cannot tell that it is there: every route, every method, every list."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.moves import move_folder
from media_core.documents.permissions import may_read, may_read_folder
from media_core.documents.tree import rename_folder
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.people.identity import Member
from tenants.people.models import Person, Role
from tests.conftest import browser_at, member, new_session
from tests.folders import admin_of, editor_at, new_folder
from tests.walk import (
    asked,
    body_for,
    everything_of,
    is_closed,
    requests_for,
    routes,
    seen,
    values,
    written,
)

pytestmark = pytest.mark.django_db
# The pages of the sign-in ask for no document; one of them would sign the asker out.
TENANT_ROUTES = [
    route for route in routes("gateway.urls_tenant") if not route.name.startswith("account_")
]
SECRET = b"acme-secret"
Store = Callable[..., Document]


@dataclass
class Rooms:
    """What ed and vic may read at acme: a folder with a document, and one at the top."""

    folder: Folder
    inside: Document
    outside: Document

    def pages(self) -> list[str]:
        """Return the addresses of all lists, and of all pages with a choice."""
        folder, inside, outside = self.folder.id, self.inside.id, self.outside.id
        own = [f"/documents/{inside}", f"/documents/{outside}", f"/folders/{folder}"]
        lists = ["/", "/?page=2", "/?folders=2", f"/folders/{folder}?folders=2&page=2"]
        moves = [
            f"{page}/move{into}" for page in own for into in ("", f"?into={folder}", "?page=2")
        ]
        asking = [f"/folders/{folder}/rename", f"/documents/{inside}/publish"]
        return own + lists + moves + asking


@pytest.fixture
def rooms(acme: Tenant, globex: Tenant, store: Store) -> Rooms:
    folder = new_folder(acme, "Everybody's")
    return Rooms(folder, store(acme, b"1", folder=folder), store(acme, b"22"))


@dataclass
class Hidden:
    """A restricted folder that names nobody, and a document in it."""

    folder: Folder
    document: Document


def hide(acme: Tenant, store: Store, within: Folder | None = None, name: str = "") -> Hidden:
    folder = new_folder(acme, f"acme-secret-folder {uuid.uuid4()}", within=within, readers=[])
    if name:
        with bind_tenant(acme):
            rename_folder(folder_id=folder.pk, name=name, editor=admin_of(acme))
    return Hidden(folder, store(acme, b"333", title="acme-secret-title", folder=folder))


@pytest.fixture
def hidden(rooms: Rooms, acme: Tenant, store: Store) -> Hidden:
    return hide(acme, store)


def browser_of(name: str, acme: Tenant, people: dict[str, Person]) -> Client:
    return browser_at("acme.example", new_session(people[name], acme))


# --- routes


@pytest.mark.parametrize("who", ["ed", "vic"])
def test_every_route_answers_for_what_is_hidden_as_for_what_is_missing(
    who: str, rooms: Rooms, hidden: Hidden, acme: Tenant, people: dict[str, Person]
) -> None:
    client, before = browser_of(who, acme, people), everything_of(acme)
    there = values(
        document_id=hidden.document.id, folder_id=hidden.folder.id, name=hidden.document.name
    )
    nowhere = values(name=hidden.document.name)
    assert len(TENANT_ROUTES) >= 15
    for route, method in requests_for(TENANT_ROUTES):
        answer = asked(client, method, route.path(there), **body_for(route, method, there))
        same = asked(client, method, route.path(nowhere), **body_for(route, method, nowhere))
        assert seen(answer) == seen(same), f"{method} {route.pattern}"
        assert SECRET not in answer.content + str(answer.headers).encode()
        if route.arguments and method != "options":
            assert is_closed(answer) or answer.status_code == 403, f"{method} {route.pattern}"
    assert everything_of(acme) == before


def test_the_same_requests_of_an_admin_are_answered(
    rooms: Rooms, hidden: Hidden, acme: Tenant, people: dict[str, Person]
) -> None:
    client = browser_of("ada", acme, people)
    there = values(document_id=hidden.document.id, folder_id=hidden.folder.id)
    about_them = [
        route for route in TENANT_ROUTES if {"document_id", "folder_id"} & {*route.arguments}
    ]
    assert len(about_them) >= 10
    for route, method in requests_for(about_them, ["get"]):
        answer = asked(client, method, route.path(there))
        assert answer.status_code in {200, 302, 405}, route.pattern


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_hidden_is_no_place_to_move_to(
    method: str, rooms: Rooms, hidden: Hidden, acme: Tenant, people: dict[str, Person]
) -> None:
    client, before = browser_of("ed", acme, people), everything_of(acme)
    for page in (f"/documents/{rooms.outside.id}/move", f"/folders/{rooms.folder.id}/move"):
        answers = [
            seen(asked(client, method, page, data={"into": str(into), "widens_to": 0}))
            for into in (hidden.folder.id, uuid.uuid4())
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert everything_of(acme) == before


# --- lists


@pytest.mark.parametrize("who", ["ed", "vic"])
def test_no_page_changes_by_a_byte_for_what_is_hidden(
    who: str, rooms: Rooms, acme: Tenant, people: dict[str, Person], store: Store
) -> None:
    with bind_tenant(acme):
        # As many as fill one page: one more would make a second one.
        for number in range(49):
            add_folder(f"folder {number:02}", None)
            add_folder(f"folder {number:02}", rooms.folder)
        add_folder("folder 49", rooms.folder)
    client = browser_of(who, acme, people)
    looked = {page: written(asked(client, "get", page)) for page in rooms.pages()}
    for within in (None, rooms.folder):
        hide(acme, store, within)
        # Under the name of a folder that everybody sees, and not beside it only.
        hide(acme, store, within, name="Folder 01")
    for page, before in looked.items():
        assert written(asked(client, "get", page)) == before, page
    admin = browser_of("ada", acme, people)
    assert SECRET in admin.get("/").content + admin.get("/?folders=2").content


def add_folder(name: str, within: Folder | None) -> None:
    folder_id = uuid.uuid4()
    Folder.objects.create(
        id=folder_id, name=name, parent=within, path=[*(within.path if within else []), folder_id],
        created_by_id=uuid.uuid4(), created_by_name="Ada",
    )  # fmt: skip


def test_a_member_sees_what_is_in_folders_that_are_not_restricted(
    rooms: Rooms, acme: Tenant, people: dict[str, Person]
) -> None:
    client = browser_of("vic", acme, people)
    assert str(rooms.inside.id).encode() in client.get(f"/folders/{rooms.folder.id}").content
    assert client.get(f"/documents/{rooms.inside.id}").status_code == 200


def test_a_named_member_sees_it(
    rooms: Rooms, acme: Tenant, people: dict[str, Person], store: Store
) -> None:
    folder = new_folder(acme, "for ed", readers=[people["ed"]])
    document = store(acme, b"1", folder=folder)
    client = browser_of("ed", acme, people)
    assert client.get(f"/d/{document.id}").status_code == 302
    assert b"for ed" in client.get("/").content


def test_a_name_that_a_hidden_folder_has_is_taken_from_nobody(
    rooms: Rooms, hidden: Hidden, acme: Tenant, people: dict[str, Person]
) -> None:
    client = browser_of("ed", acme, people)
    page = client.post("/folders/new", {"name": hidden.folder.name}, follow=True)
    assert b"is created" in page.content


def test_a_hidden_depth_refuses_no_move(
    rooms: Rooms, hidden: Hidden, acme: Tenant, people: dict[str, Person]
) -> None:
    deep = new_folder(acme, within=rooms.folder, readers=[])
    for number in range(17):
        deep = new_folder(acme, str(number), within=deep)
    outer = new_folder(acme, "2", within=new_folder(acme, "1"))
    with bind_tenant(acme):
        move_folder(
            folder_id=rooms.folder.pk,
            target_id=outer.pk,
            editor=editor_at(acme, people["ed"]),
        )


# --- roles


@pytest.mark.parametrize(("who", "allowed"), [("vic", False), ("ed", True)])
def test_only_who_may_edit_changes_folders_and_sees_buttons_for_it(
    who: str, allowed: bool, rooms: Rooms, acme: Tenant, people: dict[str, Person]
) -> None:
    client, folder = browser_of(who, acme, people), rooms.folder.id
    pages = [f"/folders/{folder}/rename", f"/folders/{folder}/move"]
    pages += [f"/documents/{rooms.inside.id}/{what}" for what in ("move", "publish", "unpublish")]
    assert {client.get(page).status_code for page in pages} == ({200} if allowed else {403})
    assert client.post("/folders/new", {"name": "x"}).status_code == (302 if allowed else 403)
    buttons = (
        client.get(f"/folders/{folder}").content
        + client.get(f"/documents/{rooms.inside.id}").content
    )
    for word in (b"Rename", b"New folder", b"Upload", b"Publish"):
        assert (word in buttons) == allowed


@pytest.mark.parametrize(("who", "allowed"), [("ed", False), ("ada", True)])
def test_only_admins_settle_who_reads(
    who: str, allowed: bool, rooms: Rooms, acme: Tenant, people: dict[str, Person]
) -> None:
    client = browser_of(who, acme, people)
    for what in ("readers", "lift"):
        page = f"/folders/{rooms.folder.id}/{what}"
        assert client.get(page).status_code == (200 if allowed else 403)
        if not allowed:
            assert client.post(page, {"readers": [people["ed"].pk]}).status_code == 403
    assert (b"Manage access" in client.get(f"/folders/{rooms.folder.id}").content) == allowed


def test_nobody_lets_more_people_read_without_being_asked(
    acme: Tenant, globex: Tenant, people: dict[str, Person], store: Store
) -> None:
    document = store(acme, b"1", folder=new_folder(acme, "for ed", readers=[people["ed"]]))
    page = f"/documents/{document.id}/move"
    client, before = browser_of("ed", acme, people), everything_of(acme)
    answer = client.post(page, {"into": ""})
    assert (answer.status_code, everything_of(acme)) == (409, before)
    assert b"Let 2 more people open" in answer.content


# --- the twins


@pytest.mark.parametrize("role", Role)
def test_the_question_about_one_folder_and_about_many_is_answered_alike(
    role: Role, rooms: Rooms, hidden: Hidden, acme: Tenant, people: dict[str, Person]
) -> None:
    who = Member(people["vic"].id, "Vic", role)
    named = new_folder(acme, "named", readers=[people["vic"]])
    rows = [hidden.folder, named, new_folder(acme, "below", within=hidden.folder), rooms.folder]
    with bind_tenant(acme):
        listed = set(Folder.objects.readable_by(who))
        documents = set(Document.objects.readable_by(who))
        assert [row in listed for row in rows] == [may_read_folder(who, row) for row in rows]
        assert [row in listed for row in rows] == [
            role == Role.ADMIN,
            True,
            role == Role.ADMIN,
            True,
        ]
        assert documents == {row for row in Document.objects.all() if may_read(who, row)}
        assert not may_read_folder(None, rooms.folder)
    assert member(people["vic"], acme).role == Role.VIEWER
