"""The connection stands in another tenant's schema, whatever it is told: nothing of theirs comes, nothing is written.

That is what a pooler in transaction mode does, and what the probe refuses; here the probe has passed, and every SET
leads astray.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from psycopg.pq import TransactionStatus

from media_core.documents.folders import Folder, find_folder
from media_core.documents.models import AccessEvent, Document
from media_core.documents.open import open_document
from media_core.documents.publishing import bring_back, publish, take_down, unpublish
from media_core.documents.restriction import lift_restriction, restrict_folder
from media_core.documents.tree import create_folder, remove_folder, rename_folder
from media_core.storages.models import StoredObject
from media_core.upkeep.move_storage import left_to_move
from media_core.upkeep.recount import recount
from media_core.upkeep.takedown import bring_all_back, stays_public, take_all_down
from media_core.uploads.flow import store_upload, sweep
from tenants.binding import bind_tenant
from tenants.errors import BindingDisagrees, NotFound
from tenants.models import Quota, Tenant
from tenants.stamp.models import Stamp
from tests.conftest import Browse
from tests.folders import admin_of
from tests.media_core.conftest import document_row, grow_old, misdirected, stored_row
from tests.walk import asked, body_for, everything_of, routes, values

pytestmark = pytest.mark.django_db

TENANT_ROUTES = routes("gateway.urls_tenant")
Rows = tuple[list[str], ...]


@contextmanager
def astray(ours: Tenant, theirs: Tenant) -> Iterator[None]:
    """Let every SET that should lead to our schema lead to theirs."""

    def elsewhere(execute: Any, sql: Any, *rest: Any) -> Any:
        if str(sql).startswith("SET search_path"):
            sql = sql.replace(ours.schema_name, theirs.schema_name)
        return execute(sql, *rest)

    with connection.execute_wrapper(elsewhere):
        yield


def all_rows(*tenants: Tenant) -> Rows:
    """Return what is in the tenants' schemas, and what they have used."""
    used = [str(row) for row in Quota.objects.order_by("tenant_id").values_list()]
    return (*(everything_of(tenant) for tenant in tenants), used)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what the block does, and a transaction that it broke. No atomic block: uploads want to be the outermost."""
    before = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)
        connection.needs_rollback = False


def broken() -> bool:
    """Return whether the transaction has failed, so that nothing it did will ever be committed."""
    state = connection.connection.info.transaction_status
    return connection.needs_rollback or state == TransactionStatus.INERROR


@pytest.fixture
def twins(acme: Tenant, globex: Tenant) -> dict[str, Any]:
    """Both tenants hold a folder, a private and a public document and an old upload, with the same primary keys."""
    folder_id, public_id = uuid.uuid4(), uuid.uuid4()
    name = f"media/{public_id}/report.pdf"
    pairs = [(uuid.uuid4(), uuid.uuid4()) for _ in range(3)]
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            folder = Folder.objects.create(
                id=folder_id, name=f"{tenant.name}-folder", path=[folder_id],
                created_by_id=uuid.uuid4(), created_by_name=tenant.name,
            )  # fmt: skip
            document_row(
                f"{tenant.name}-private", id=pairs[0][0], stored_object=stored_row(id=pairs[0][1]), folder=folder
            )  # fmt: skip
            document_row(
                f"{tenant.name}-public", id=pairs[1][0], stored_object=stored_row(id=pairs[1][1]),
                visibility="public", public_object=stored_row(id=public_id, area="media", name=name),
            )  # fmt: skip
            grow_old(stored_row("abandoned", id=pairs[2][1]))
            AccessEvent.objects.create(document_id=pairs[0][0], document_name=f"{tenant.name}-read")
    return {
        "document_id": pairs[0][0],
        "folder_id": folder_id,
        "name": name.removeprefix("media/"),
        "public_id": pairs[1][0],
    }


# --- every route


ASKS = [(method, which) for method in ("get", "post") for which in ("document_id", "public_id")]


@pytest.mark.parametrize("ask", ASKS, ids=" ".join)
def test_no_route_shows_or_changes_what_is_globexs(
    ask: tuple[str, str], twins: dict[str, Any], acme: Tenant, globex: Tenant, browse: Browse
) -> None:
    client = browse(acme, "ada")
    client.raise_request_exception = False
    there = values(**{**twins, "document_id": twins[ask[1]]})
    method, before = ask[0], all_rows(acme, globex)
    for route in TENANT_ROUTES:
        with undone():
            with astray(acme, globex):
                answer = asked(client, method, route.path(there), **body_for(route, method, there))
            said = answer.content + str(answer.headers).encode()
            assert b"globex" not in said.lower(), route.pattern
            assert b"Signature" not in said, route.pattern
            assert broken() or all_rows(acme, globex)[1:] == before[1:], route.pattern
    assert all_rows(acme, globex) == before


def test_the_same_walk_on_the_right_path_shows_what_is_acmes(
    twins: dict[str, Any], acme: Tenant, globex: Tenant, browse: Browse
) -> None:
    client = browse(acme, "ada")
    assert b"Acme-folder" in client.get("/").content
    assert b"Acme-private" in client.get(f"/folders/{twins['folder_id']}").content
    assert b"Signature" in str(client.get(f"/d/{twins['document_id']}").headers).encode()


# --- every flow


def upload(**given: Any) -> Document:
    file = SimpleUploadedFile("x.pdf", b"bytes", content_type="")
    return store_upload(uploader=given.pop("admin"), file=file, **given)


FLOWS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "open": lambda there, admin: open_document(there["document_id"], admin),
    "open as a stranger": lambda there, admin: open_document(there["public_id"], None),
    "upload": lambda there, admin: upload(admin=admin),
    "upload into a folder": lambda there, admin: upload(
        admin=admin, folder=find_folder(there["folder_id"], admin)
    ),
    "publish": lambda there, admin: publish(there["document_id"], editor=admin),
    "unpublish": lambda there, admin: unpublish(there["public_id"], editor=admin),
    "take down": lambda there, admin: take_down(there["public_id"]),
    "bring back": lambda there, admin: bring_back(there["public_id"]),
    "take all down": lambda there, admin: take_all_down(lambda *_: None),
    "bring all back": lambda there, admin: bring_all_back(lambda *_: None),
    "make a folder": lambda there, admin: create_folder(name="n", parent_id=None, editor=admin),
    "make a folder within": lambda there, admin: create_folder(
        name="n", parent_id=there["folder_id"], editor=admin
    ),
    "rename a folder": lambda there, admin: rename_folder(
        folder_id=there["folder_id"], name="n", editor=admin
    ),
    "remove a folder": lambda there, admin: remove_folder(
        folder_id=there["folder_id"], admin=admin
    ),
    "restrict a folder": lambda there, admin: restrict_folder(
        folder_id=there["folder_id"], readers=[], admin=admin
    ),
    "lift a restriction": lambda there, admin: lift_restriction(
        folder_id=there["folder_id"], admin=admin
    ),
    "sweep": lambda there, admin: sweep(),
    "recount": lambda there, admin: recount(),
    "count what stays public": lambda there, admin: stays_public(),
    "count what is to move": lambda there, admin: left_to_move(StoredObject.Place.DISK),
}
NOTHING = ("0", "[]", "(0, 0)", "StaysPublic(objects=0, size_bytes=0)", "refused")


def outcome(flow: str, there: dict[str, Any], admin: Any) -> str:
    """Return what a flow says that it found, or that it was refused because there is nothing."""
    try:
        found = FLOWS[flow](there, admin)
    except (NotFound, BindingDisagrees, Stamp.DoesNotExist, IntegrityError):
        return "refused"
    return str(getattr(found, "done", found))


@pytest.mark.parametrize("flow", FLOWS)
def test_no_flow_finds_or_changes_what_is_globexs(
    flow: str, twins: dict[str, Any], acme: Tenant, globex: Tenant
) -> None:
    admin, before = admin_of(acme), all_rows(acme, globex)
    with undone():
        with misdirected(acme, to=globex):
            assert outcome(flow, twins, admin) in NOTHING
        assert broken() or all_rows(acme, globex) == before


def test_a_recount_where_nothing_is_found_does_not_say_that_nothing_is_used(
    twins: dict[str, Any], acme: Tenant, globex: Tenant
) -> None:
    Quota.objects.filter(tenant=acme).update(used_bytes=15)
    with misdirected(acme, to=globex), pytest.raises(BindingDisagrees):
        recount()
    assert Quota.objects.get(tenant=acme).used_bytes == 15
