"""The one statement of an opening: what it says, whom it finds something for, and what it writes down."""

import itertools
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from media_core.documents.models import AccessEvent, Document
from media_core.documents.open import find_document
from media_core.documents.opening import STATEMENT, QueryShape, build_query, find, make_asker, of
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.errors import NotFound
from tenants.people.identity import Member, VisitFacts
from tenants.people.models import Role
from tests.media_core.conftest import document_row, misdirected, stored_row
from tests.wire import as_sent

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def visiting(role, may_write):
    facts = VisitFacts(uuid.uuid4(), "a reason", NOW + timedelta(minutes=5), may_write)
    return Member(uuid.uuid4(), "Otto (agency)", role, facts)


ASKERS = [
    None,
    *(Member(uuid.uuid4(), f"a {role}", role) for role in Role),
    visiting(Role.VIEWER, may_write=False),
    visiting(Role.EDITOR, may_write=True),
]


def in_words(given):
    return f"{given.name}, {given.role}" if isinstance(given, Member) else str(given)


SHAPES = list(itertools.product(ASKERS, [True, False], ["acl", "policy", "gateway"]))


@pytest.mark.parametrize(("member", "is_noted", "mode"), SHAPES, ids=in_words)
def test_what_is_sent_is_what_the_query_set_says(member, is_noted, mode, world, settings):
    settings.PUBLIC_MEDIA_MODE = mode
    shape, values = QueryShape.count_for(member, is_noted=is_noted), of(member, uuid.uuid4())
    for name in ("acme", "globex"):
        with bind_tenant(world.tenants[name]):
            sent = as_sent(
                STATEMENT.get_statement(shape).sql, STATEMENT.build_parameters(shape, values)
            )
            assert sent == as_sent(*build_query(shape, values).query.sql_with_params())


@pytest.mark.parametrize("member", ASKERS, ids=in_words)
def test_permissions_are_asked_about_who_asks(member):
    asked = make_asker(QueryShape.count_for(member, is_noted=True), of(member, uuid.uuid4()))
    if asked and asked.visit and member and member.visit:
        asked = replace(asked, visit=replace(asked.visit, ends_at=member.visit.ends_at))
    assert asked == member


def states():
    """Documents in every state that an opening tells apart."""
    public = stored_row(area="media", name=f"media/{uuid.uuid4()}/x.pdf")
    copy = stored_row(area="media", name=f"media/{uuid.uuid4()}/x.pdf")
    unfinished = stored_row("pending", area="media", name=f"media/{uuid.uuid4()}/x.pdf")
    return [
        document_row(),
        document_row(visibility="public", original=public, public_copy=public),
        document_row(visibility="public", public_copy=copy),
        document_row(visibility="public"),
        document_row(visibility="public", shows_original=True),
        document_row(original=stored_row("pending"), visibility="public", shows_original=True),
        document_row(visibility="public", public_copy=stored_row()),
        document_row(original=stored_row("pending")),
        document_row(original=unfinished, visibility="public", public_copy=unfinished),
    ]


def plainly_found(document, member):
    try:
        found = find_document(document.pk, member)
    except NotFound:
        return None
    stored = found.original if member or found.shows_original else found.public_copy
    assert stored is not None
    return found.name, stored


@pytest.mark.parametrize("mode", ["acl", "gateway"])
@pytest.mark.parametrize("member", ASKERS, ids=in_words)
def test_finds_what_pages_find_and_the_object_that_the_asker_gets(member, mode, acme, settings):
    settings.PUBLIC_MEDIA_MODE = mode
    with bind_tenant(acme):
        for document in states():
            for is_noted in (True, False):
                found = find(document.pk, member, is_noted=is_noted)
                assert (found and (found.name, found.stored)) == plainly_found(document, member)


def test_the_object_is_the_row_of_the_ledger(acme):
    with bind_tenant(acme):
        document = document_row()
        found = find(document.pk, ASKERS[1], is_noted=False)
        assert found is not None
        row = StoredObject.objects.get(pk=document.original_id)
        for name in ("name", "area", "place", "state", "size_bytes", "content_type", "sha256"):
            assert getattr(found.stored, name) == getattr(row, name)
        assert found.stored.key == row.key


@pytest.mark.parametrize("mode", ["acl", "gateway"])
@pytest.mark.parametrize("member", ASKERS, ids=in_words)
def test_a_secret_that_is_found_is_written_down_once(member, mode, acme, settings):
    settings.PUBLIC_MEDIA_MODE = mode
    with bind_tenant(acme):
        for document in states():
            found = find(document.pk, member, is_noted=True)
            written = AccessEvent.objects.filter(document_id=document.pk)
            is_due = found is not None and (member is not None or not found.is_public)
            assert written.count() == is_due


def test_the_record_says_who_what_and_when(acme):
    member = ASKERS[2]
    assert member is not None
    with bind_tenant(acme):
        document = document_row(name="offer.pdf")
        find(document.pk, member, is_noted=True)
        event = AccessEvent.objects.get()
    assert (event.document_id, event.document_name) == (document.pk, "offer.pdf")
    assert (event.person_id, event.person_name) == (member.person_id, member.name)
    assert abs(event.at - timezone.now()) < timedelta(minutes=1)


def test_looking_writes_nothing(acme):
    with bind_tenant(acme):
        assert find(document_row().pk, ASKERS[1], is_noted=False)
        assert not AccessEvent.objects.exists()


@pytest.mark.parametrize("member", ASKERS[1:], ids=in_words)
@pytest.mark.parametrize("is_noted", [True, False])
def test_a_wrong_search_path_finds_nothing_and_writes_nothing(
    member, is_noted, acme, globex, twins
):
    with bind_tenant(globex):
        before = AccessEvent.objects.count()
    with misdirected(acme, to=globex):
        assert find(twins.globexs.pk, member, is_noted=is_noted) is None
    with bind_tenant(globex):
        assert AccessEvent.objects.count() == before
        assert find(twins.globexs.pk, member, is_noted=is_noted)


def test_a_record_that_is_refused_gives_nothing(acme):
    member = Member(uuid.uuid4(), "a name", Role.VIEWER)
    with bind_tenant(acme):
        document = document_row()
        Document.objects.filter(pk=document.pk).update(name="x")
        with pytest.raises(IntegrityError):
            find(document.pk, replace(member, name=None), is_noted=True)  # type: ignore[arg-type]  # no name at all
