"""Files of apps: one tenant's name leads nowhere at another's host, and no name leads to anything else."""

import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.documents.models import AccessEvent, Document
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import find_storage
from tenants.binding import bind_tenant
from tenants.errors import SignInRequired
from tenants.models import Tenant
from tenants.people.models import Membership, Person
from tests.apps import address_of, kept
from tests.conftest import Browse, World, browser_at, new_session
from tests.visiting import visiting
from tests.walk import METHODS, asked, everything_of, seen

pytestmark = pytest.mark.django_db
Store = Callable[..., Document]
NAME = "contracts/acme-secret.pdf"
NOW = timezone.now()


@pytest.fixture
def secret(acme: Tenant, globex: Tenant) -> AppFile:
    """A private file of an app in acme's room."""
    return kept(acme, b"what only acme may read", NAME)


def nothing(client: Client, method: str = "get") -> tuple[int, str, bytes]:
    """Return what is answered for a name that nobody has."""
    return seen(asked(client, method, f"/private/{uuid.uuid4()}.pdf"))


def path_of(file: AppFile) -> str:
    return f"/private/{quote(file.name)}"


# --- Who


@pytest.mark.parametrize("who", ["ada", "ed", "vic", "max"])
def test_members_get_the_bytes(who: str, secret: AppFile, acme: Tenant, browse: Browse) -> None:
    answer = browse(acme, who).get(path_of(secret))
    assert (
        answer.status_code,
        f"/acme/{secret.stored_object.name}?" in answer.headers["Location"],
    ) == (
        302,
        True,
    )


def test_somebody_of_the_agency_gets_them_while_the_visit_goes_on(
    secret: AppFile, acme: Tenant, people: dict[str, Person]
) -> None:
    assert visiting(people["otto"], acme).get(path_of(secret)).status_code == 302


def test_who_was_given_them_is_written_down_as_who_they_are(
    secret: AppFile, acme: Tenant, browse: Browse, people: dict[str, Person]
) -> None:
    browse(acme, "vic").get(path_of(secret))
    with bind_tenant(acme):
        event = AccessEvent.objects.get()
    assert (event.document_id, event.document_name) == (secret.stored_object_id, NAME)
    assert (event.person_id, event.person_name) == (people["vic"].pk, "Vic")


def removed(people: dict[str, Person], acme: Tenant, globex: Tenant) -> Client:
    key = new_session(people["vic"], acme)
    Membership.objects.filter(person=people["vic"], tenant=acme).delete()
    return browser_at("acme.example", key)


Askers = Callable[[dict[str, Person], Tenant, Tenant], Client]
STRANGERS: dict[str, Askers] = {
    "a stranger": lambda *_: browser_at("acme.example"),
    "eve, with a session she should not have": lambda people, acme, _: browser_at(
        "acme.example", new_session(people["eve"], acme)
    ),
    "eve, with her globex session": lambda people, _, globex: browser_at(
        "acme.example", new_session(people["eve"], globex)
    ),
    "max, with his globex session": lambda people, _, globex: browser_at(
        "acme.example", new_session(people["max"], globex)
    ),
    "olga, with her agency session": lambda people, *_: browser_at(
        "acme.example", new_session(people["olga"], None)
    ),
    "a removed member": removed,
}


@pytest.mark.parametrize("who", STRANGERS.values(), ids=STRANGERS)
def test_to_everybody_else_it_looks_like_what_is_missing(
    who: Askers, secret: AppFile, acme: Tenant, globex: Tenant, people: dict[str, Person]
) -> None:
    client = who(people, acme, globex)
    before = everything_of(acme)
    for method in METHODS:
        assert seen(asked(client, method, path_of(secret))) == nothing(client, method), method
    assert nothing(client)[0] == 404
    assert everything_of(acme) == before


@pytest.mark.parametrize("who", ["", "eve", "gus", "max"])
def test_at_another_host_it_looks_like_what_is_missing(
    who: str, secret: AppFile, globex: Tenant, browse: Browse
) -> None:
    client = browse(globex, who)
    for method in METHODS:
        assert seen(asked(client, method, path_of(secret))) == nothing(client, method)


def test_somebody_of_the_agency_in_one_tenant_is_a_stranger_in_the_other(
    secret: AppFile, globex: Tenant, people: dict[str, Person]
) -> None:
    client = visiting(people["otto"], globex)
    assert client.get("/").status_code == 200
    assert seen(asked(client, "get", path_of(secret))) == nothing(client)


def test_the_same_name_leads_each_to_their_own(
    secret: AppFile, acme: Tenant, globex: Tenant, browse: Browse
) -> None:
    theirs = kept(globex, b"globex's", NAME)
    assert theirs.name == secret.name
    given = {
        tenant.location_prefix: browse(tenant, "max").get(path_of(secret)).headers["Location"]
        for tenant in (acme, globex)
    }
    assert f"/acme/{secret.stored_object.name}?" in given["acme/"]
    assert f"/globex/{theirs.stored_object.name}?" in given["globex/"]


def test_of_a_suspended_tenant_it_gives_nothing_at_once(
    secret: AppFile, acme: Tenant, browse: Browse
) -> None:
    picture, client = kept(acme, area="media"), browse(acme, "ada")
    assert client.get("/").status_code == 200
    # The process still believes that acme is served.
    Tenant.objects.filter(pk=acme.pk).update(status=Tenant.Status.SUSPENDED)
    for path in (path_of(secret), f"/media/{picture.name}"):
        assert seen(asked(client, "get", path)) == nothing(client)


# --- What


@pytest.fixture
def known(store: Store, acme: Tenant, globex: Tenant) -> list[str]:
    """Return names in acme's room, and one in globex's, of which somebody may have seen a presigned URL."""
    document = store(acme, b"members only", name="offer.pdf")
    public = store(acme, b"for all", name="brochure.pdf", visibility="public")
    rows = [document.original, public.original, store(globex).original]
    with bind_tenant(acme):
        rows += [live_row(kind) for kind in ("derivative", "incoming", "original")]
        rows += [
            live_row("original", state) for state in ("pending", "abandoned", "condemned", "gone")
        ]
    return [row.name for row in rows]


def live_row(kind: str, state: str = "stored", **given: Any) -> StoredObject:
    """Return a row of the bound tenant's ledger; its object is in the bucket when it is a stored one."""
    object_id = uuid.uuid4()
    folder = "incoming/" if kind == "incoming" else ""
    now = timezone.now()
    times = {
        "stored_at": None if state in {"pending", "abandoned"} else now,
        "gone_at": now if state == "gone" else None,
        "purge_after": now if state == "condemned" else None,
    }
    facts = {"name": f"private/{folder}{object_id}/offer.pdf", "area": "private", **times, **given}
    row: StoredObject = StoredObject.objects.create(
        id=object_id, kind=kind, size_bytes=5, content_type="application/pdf", sha256="0" * 64, state=state, **facts
    )  # fmt: skip
    if state == "stored":
        find_storage(row).put(row, BytesIO(b"bytes"), file_name="offer.pdf")
    return row


def spellings(name: str, prefix: str) -> list[str]:
    """Return every way in which somebody might write a name of the room as an address."""
    short = name.partition("/")[2]
    return [
        short, name, f"{prefix}{name}", f"/{name}", f"//{short}", f"./{short}", f"x/../{short}", f"../{name}",
        f"..%2f{name}", f"..%2F..%2f{prefix}{name}", quote(short, safe=""), quote(name, safe=""),
        "".join(f"%{byte:02x}" for byte in short.encode()), quote(quote(short, safe=""), safe=""),
        f"{short}/", f"{short}%00", f"%00{short}", f"{short}%0a", f"{short}%20", f" {short}", short.upper(),
        short.replace("/", "%5c"), short.replace("/", "//"), short.replace(".pdf", "%E2%80%8B.pdf"),
        short.replace("o", "%D0%BE"), f"media/../{name}", f"{short}%3Fversion=1", f"{short};x",
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["", "vic", "ada"])
def test_no_key_of_anything_else_in_the_room_opens_it(
    who: str, secret: AppFile, known: list[str], acme: Tenant, browse: Browse
) -> None:
    client = browse(acme, who)
    missing, before = nothing(client), everything_of(acme)
    # The file of an app has one name; its key is not it.
    for name in (*known, secret.stored_object.name):
        for path in spellings(name, "acme/"):
            assert seen(asked(client, "get", f"/private/{path}")) == missing, path
    assert everything_of(acme) == before


UNLIKELY = [
    "%00", "a%00b", "%ff", "%c3%28", "%ED%A0%80", "..", ".", "../..", "%2e%2e/%2e%2e", "%5c..%5c", "//", "/",
    "x" * 5000, "%F0%9F%98%80" * 200, "%0d%0aSet-Cookie:a=b", "media/x", "private/private/x", "incoming/x", "*", "%25",
    "'--",
    "contracts", "contracts/", "contracts/acme-secret", "contracts/acme-secret.pdf/x", "acme-secret.pdf",
    "CONTRACTS/acme-secret.pdf", "contracts//acme-secret.pdf", "contracts%2F%2Facme-secret.pdf",
    "contracts/./acme-secret.pdf", "x/../contracts/acme-secret.pdf", "contracts%5Cacme-secret.pdf",
    "contracts/acme-secret.pdf%00", "contracts/acme-secret.pdf%0a", "contracts/acme%E2%80%90secret.pdf",
]  # fmt: skip


@pytest.mark.parametrize("who", ["", "ada"])
@pytest.mark.parametrize("route", ["private", "media"])
def test_what_is_only_like_a_name_leads_nowhere(
    route: str, who: str, secret: AppFile, acme: Tenant, browse: Browse
) -> None:
    client = browse(acme, who)
    missing = nothing(client)
    for path in UNLIKELY:
        for method in ("get", "head"):
            same = missing if method == "get" else nothing(client, method)
            assert seen(asked(client, method, f"/{route}/{path}")) == same, path


@pytest.mark.parametrize("who", ["", "ada"])
def test_a_private_file_is_not_at_a_public_address_nor_the_other_way_round(
    who: str, secret: AppFile, acme: Tenant, browse: Browse
) -> None:
    picture, client = kept(acme, name="picture.png", area="media"), browse(acme, who)
    for path in (
        f"/media/{secret.name}",
        f"/private/{picture.name}",
        f"/media/{secret.stored_object.name}",
    ):
        assert seen(asked(client, "get", path)) == nothing(client), path


# The state of a file, and that of its object.
NOT_THERE = [
    ("saving", "pending"), ("saving", "stored"), ("saving", "abandoned"), ("deleted", "stored"),
    ("deleted", "condemned"), ("deleted", "gone"), ("taken_down", "stored"),
]  # fmt: skip


@pytest.mark.parametrize("area", ["private", "media"])
@pytest.mark.parametrize("states", NOT_THERE, ids="-".join)
def test_a_file_that_an_app_has_no_more_or_not_yet_looks_like_what_is_missing(
    states: tuple[str, str], area: str, secret: AppFile, acme: Tenant, browse: Browse
) -> None:
    state, of_object = states
    # A public one that is taken down has its bytes under private/.
    object_area = "private" if state == "taken_down" else area
    area = "media" if state == "taken_down" else area
    key = {"media": {"area": "media", "name": "media/gone.pdf"}}.get(object_area, {})
    times = {"saved_at": NOW if state != "saving" else None}
    with bind_tenant(acme):
        AppFile.objects.create(
            area=area, name="gone.pdf", stored_object=live_row("app", of_object, **key), state=state,
            deleted_at=NOW if state == "deleted" else None, **times,
        )  # fmt: skip
    client, before = browse(acme, "ada"), everything_of(acme)
    for path in ("/private/gone.pdf", "/media/gone.pdf"):
        for method in ("get", "head"):
            assert seen(asked(client, method, path)) == nothing(client, method)
    assert everything_of(acme) == before


def test_a_public_file_is_at_its_own_host_only(
    acme: Tenant, globex: Tenant, browse: Browse
) -> None:
    picture = kept(acme, name="picture.png", area="media")
    assert browse(acme).get(f"/media/{picture.name}").status_code == 302
    for who in ("", "eve", "max"):
        client = browse(globex, who)
        assert seen(asked(client, "get", f"/media/{picture.name}")) == nothing(client)


# --- PRIVATE_MEDIA_READERS


def only_of_ed(request: Any, name: str) -> bool:
    return bool(request.user.is_authenticated and request.user.name == "Ed")


def sends_to_sign_in(request: Any, name: str) -> bool:
    raise SignInRequired


def yes_to_all(request: Any, name: str) -> bool:
    return True


def test_whom_the_hook_refuses_finds_nothing_admins_included(
    secret: AppFile, acme: Tenant, browse: Browse, settings: Any
) -> None:
    settings.PRIVATE_MEDIA_READERS = f"{__name__}.only_of_ed"
    assert browse(acme, "ed").get(path_of(secret)).status_code == 302
    for who in ("", "vic", "ada"):
        client = browse(acme, who)
        for method in METHODS:
            assert seen(asked(client, method, path_of(secret))) == nothing(client, method)


def test_a_refusal_of_the_hook_does_not_tell_that_there_is_something(
    secret: AppFile, acme: Tenant, browse: Browse, settings: Any
) -> None:
    settings.PRIVATE_MEDIA_READERS = f"{__name__}.sends_to_sign_in"
    client = browse(acme)
    assert seen(asked(client, "get", path_of(secret))) == nothing(client)


def test_a_hook_that_says_yes_to_all_opens_files_of_apps_only_and_of_its_tenant_only(
    secret: AppFile, known: list[str], browse: Browse, world: World, settings: Any
) -> None:
    settings.PRIVATE_MEDIA_READERS = f"{__name__}.yes_to_all"
    acme, globex = world.tenants["acme"], world.tenants["globex"]
    assert browse(acme).get(path_of(secret)).status_code == 302
    client = browse(globex, "eve")
    assert seen(asked(client, "get", path_of(secret))) == nothing(client)
    client = browse(acme, "ada")
    for name in known:
        assert seen(asked(client, "get", f"/private/{name.partition('/')[2]}")) == nothing(client)


def test_the_address_that_an_app_shows_is_the_one_that_is_walked(
    secret: AppFile, acme: Tenant
) -> None:
    assert address_of(acme, secret) == path_of(secret)


def says_something(request: Any, name: str) -> Any:
    return "no"


def test_what_is_not_true_is_a_no(
    secret: AppFile, acme: Tenant, browse: Browse, settings: Any
) -> None:
    settings.PRIVATE_MEDIA_READERS = f"{__name__}.says_something"
    client = browse(acme, "ada")
    assert seen(asked(client, "get", path_of(secret))) == nothing(client)
