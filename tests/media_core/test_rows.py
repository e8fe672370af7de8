"""A tenant's rows are found, written and removed in that tenant's schema only, whatever the connection does."""

import ast
import pickle
import uuid
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Count

from media_core.documents.models import AccessEvent, Document
from media_core.ledger.models import StoredObject
from tenants.binding import bind_agency, bind_tenant
from tenants.errors import NoTenantBound, RowOfAnotherTenant
from tests.media_core.conftest import document_row, misdirected

pytestmark = pytest.mark.django_db

READS = {
    "all": lambda pk: list(Document.objects.all()),
    "count": lambda pk: Document.objects.count(),
    "exists": lambda pk: Document.objects.filter(pk=pk).exists(),
    "first": lambda pk: Document.objects.first(),
    "in_bulk": lambda pk: Document.objects.in_bulk([pk]),
    "values": lambda pk: list(Document.objects.values_list("title", flat=True)),
    "aggregate": lambda pk: Document.objects.aggregate(n=Count("pk"))["n"],
    "iterator": lambda pk: list(Document.objects.iterator(chunk_size=10)),
    "select_related": lambda pk: list(Document.objects.select_related("original")),
    "join": lambda pk: list(Document.objects.filter(original__state="stored")),
    "reverse join": lambda pk: list(StoredObject.objects.filter(document__isnull=False)),
    "union": lambda pk: list(Document.objects.all().union(Document.objects.filter(pk=pk))),
    "distinct dates": lambda pk: list(Document.objects.dates("created_at", "year")),
    "lock": lambda pk: list(Document.objects.select_for_update()),
    "base manager": lambda pk: list(Document._base_manager.all()),
    "default manager": lambda pk: list(AccessEvent._default_manager.all()),
}
WRITES = {
    "update": lambda pk: Document.objects.filter(pk=pk).update(title="changed"),
    "base manager update": lambda pk: Document._base_manager.update(title="changed"),
    "delete": lambda pk: AccessEvent.objects.all().delete()[0],
    "delete with collector": lambda pk: Document.objects.filter(pk=pk).delete()[0],
}


def everything(tenant):
    """Return what is in a tenant's schema, asked of the schema itself."""
    tables = [model._meta.db_table for model in (AccessEvent, Document, StoredObject)]
    with connection.cursor() as cursor:
        rows = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{tenant.schema_name}"."{table}" ORDER BY id')  # noqa: S608 - our own names
            rows += cursor.fetchall()
    return rows


# --- a wrong search_path


@pytest.mark.parametrize("read", READS)
def test_a_wrong_search_path_finds_nothing(read, acme, globex, twins):
    with misdirected(acme, to=globex):
        assert not READS[read](twins.acmes.pk)
    with bind_tenant(acme):
        assert READS[read](twins.acmes.pk)


@pytest.mark.parametrize("write", WRITES)
def test_a_wrong_search_path_changes_nothing(write, acme, globex, twins):
    before = everything(globex)
    with misdirected(acme, to=globex):
        assert WRITES[write](twins.acmes.pk) == 0
    assert everything(globex) == before


@pytest.mark.parametrize("options", [{}, {"update_fields": ["title"]}, {"force_update": True}])
def test_saving_under_a_wrong_search_path_overwrites_nothing(options, acme, globex, twins):
    before = everything(globex)
    with bind_tenant(acme):
        ours = Document.objects.get(pk=twins.acmes.pk)
    with misdirected(acme, to=globex), pytest.raises(DatabaseError), transaction.atomic():
        ours.save(**options)
    assert everything(globex) == before


def test_a_row_that_only_acme_has_is_not_planted_in_globex_by_saving_it(acme, globex):
    with bind_tenant(acme):
        ours = document_row()
    with misdirected(acme, to=globex), pytest.raises(IntegrityError), transaction.atomic():
        ours.save()
    assert everything(globex) == []


def new_event(name: str = "acme's") -> AccessEvent:
    return AccessEvent(document_id=uuid.uuid4(), document_name=name)


INSERTS = {
    "save": lambda: new_event().save(),
    "create": lambda: AccessEvent.objects.create(document_id=uuid.uuid4(), document_name="acme's"),
    "bulk_create": lambda: AccessEvent.objects.bulk_create([new_event(), new_event()]),
    "get_or_create": lambda: AccessEvent.objects.get_or_create(document_id=uuid.uuid4()),
    "update_or_create": lambda: AccessEvent.objects.update_or_create(document_id=uuid.uuid4()),
}


@pytest.mark.parametrize("insert", INSERTS)
def test_a_wrong_search_path_takes_no_new_row(insert, acme, globex, twins):
    before = everything(globex)
    with misdirected(acme, to=globex), pytest.raises(IntegrityError), transaction.atomic():
        INSERTS[insert]()
    assert everything(globex) == before


@pytest.mark.parametrize("insert", INSERTS)
def test_every_way_of_inserting_works_where_the_path_is_right(insert, acme, globex):
    with bind_tenant(acme):
        INSERTS[insert]()
        assert AccessEvent.objects.exists()
    with bind_tenant(globex):
        assert not AccessEvent.objects.exists()


@pytest.mark.parametrize("model", [AccessEvent, Document])
def test_deleting_a_row_under_a_wrong_search_path_leaves_its_twin(model, acme, globex, twins):
    before = everything(globex)
    with bind_tenant(acme):
        ours = model.objects.get()
    with misdirected(acme, to=globex):
        assert ours.delete()[0] == 0
    assert everything(globex) == before


def test_a_relation_is_not_followed_under_a_wrong_search_path(acme, globex, twins):
    with bind_tenant(acme):
        ours = Document.objects.get(pk=twins.acmes.pk)
    with misdirected(acme, to=globex), pytest.raises(StoredObject.DoesNotExist):
        _ = ours.original


# --- a query set of acme's, evaluated when globex is bound


@pytest.mark.parametrize("build", ["all", "filter", "with_object", "values"])
def test_a_query_set_of_acme_finds_nothing_under_globex(build, acme, globex, twins):
    with bind_tenant(acme):
        built = getattr(Document.objects, build)()
        assert len(built.all()) == 1
    with bind_tenant(globex):
        assert list(built) == []
        assert built.count() == 0


def test_a_query_set_of_acme_changes_nothing_under_globex(acme, globex, twins):
    before = everything(globex)
    with bind_tenant(acme):
        built = AccessEvent.objects.all()
    with bind_tenant(globex):
        assert (built.update(document_name="changed"), built.delete()[0]) == (0, 0)
    assert everything(globex) == before


def test_a_subquery_of_acme_finds_nothing_under_globex(acme, globex, twins):
    with bind_tenant(acme):
        ours = Document.objects.values("pk")
    with bind_tenant(globex):
        assert not Document.objects.filter(pk__in=ours).exists()


def test_an_iteration_that_began_under_acme_does_not_go_on_under_globex(acme, globex, twins):
    with bind_tenant(acme):
        document_row("acme's second")
        rows = Document.objects.iterator(chunk_size=1)
        next(rows)
    with bind_tenant(globex), pytest.raises(RowOfAnotherTenant):
        next(rows)


def test_an_iteration_does_not_go_on_when_nobody_is_bound(acme, twins):
    with bind_tenant(acme):
        rows = Document.objects.iterator(chunk_size=1)
        document_row("acme's second")
        next(rows)
    with pytest.raises(NoTenantBound):
        next(rows)


# --- a row of acme's in hand, when globex is bound

STRAYS = {
    "save": lambda row: row.save(),
    "save of one column": lambda row: row.save(update_fields=["title"]),
    "delete": lambda row: row.delete(),
    "refresh": lambda row: row.refresh_from_db(),
    "refresh of one column": lambda row: row.refresh_from_db(fields=["title"]),
    "bulk_update": lambda row: Document.objects.bulk_update([row], ["title"]),
    "bulk_create": lambda row: Document.objects.bulk_create([row]),
    "relation": lambda row: row.original,
}


@pytest.mark.parametrize("use", STRAYS)
def test_a_row_of_acme_is_not_used_under_globex(use, acme, globex, twins):
    before = everything(globex)
    with bind_tenant(acme):
        stray = Document.objects.get(pk=twins.acmes.pk)
    with bind_tenant(globex), pytest.raises(RowOfAnotherTenant):
        STRAYS[use](stray)
    assert everything(globex) == before


def test_a_row_of_acme_leads_to_no_document_of_globex(acme, globex, twins):
    with bind_tenant(acme):
        stray = StoredObject.objects.get(pk=twins.acmes.original_id)
    with bind_tenant(globex), pytest.raises(RowOfAnotherTenant):
        _ = stray.document


def test_a_deferred_column_of_acme_is_not_read_from_globex(acme, globex, twins):
    with bind_tenant(acme):
        stray = Document.objects.only("pk").get(pk=twins.acmes.pk)
    with bind_tenant(globex), pytest.raises(RowOfAnotherTenant):
        _ = stray.title


def test_a_row_of_acme_has_no_key_under_globex(acme, globex, twins):
    with bind_tenant(globex), pytest.raises(RowOfAnotherTenant):
        _ = twins.acmes.original.key


def test_a_pickled_row_stays_its_tenants(acme, globex, twins):
    with bind_tenant(globex), pytest.raises(RowOfAnotherTenant):
        pickle.loads(pickle.dumps(twins.acmes)).save()  # noqa: S301 - our own bytes


def test_a_document_of_globex_cannot_point_to_an_object_that_only_acme_has(acme, globex):
    with bind_tenant(acme):
        foreign = document_row().original
    with bind_tenant(globex):
        document_row("globex's", original=foreign)
        with pytest.raises(IntegrityError):
            connection.check_constraints()


# --- nobody bound

UNBOUND = {
    "find": lambda: list(Document.objects.all()),
    "count": Document.objects.count,
    "make": lambda: AccessEvent(document_name="x"),
    "bulk_create": lambda: AccessEvent.objects.bulk_create([]),
    "base manager": Document._base_manager.first,
}


@pytest.mark.parametrize("use", UNBOUND)
def test_without_a_tenant_nothing_is_found_or_made(use, acme):
    with pytest.raises(NoTenantBound):
        UNBOUND[use]()


@pytest.mark.parametrize("use", UNBOUND)
def test_the_agency_finds_and_makes_nothing(use, acme):
    with bind_agency(), pytest.raises(NoTenantBound):
        UNBOUND[use]()


@pytest.mark.parametrize("use", ["save", "delete", "refresh_from_db"])
def test_a_row_is_of_no_use_without_a_tenant(use, twins):
    with pytest.raises(NoTenantBound):
        getattr(twins.acmes, use)()


# --- ways around


def test_raw_queries_are_refused(acme):
    with bind_tenant(acme), pytest.raises(TypeError, match=r"filter\(\)"):
        Document.objects.raw("SELECT * FROM media_core_document")


def test_media_core_speaks_to_the_database_by_its_rows_only():
    source = Path(__file__).resolve().parents[2] / "media_core"
    names = {
        f"{path.name}: {getattr(node, 'attr', '')}"
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"raw", "extra", "cursor", "execute", "_raw_delete", "save_base"}
    }
    # A lock for the whole deployment, and the stream of an HTTP answer: neither is about rows of a tenant.
    assert names == {"apply.py: cursor", "apply.py: execute", "sender.py: raw"}
