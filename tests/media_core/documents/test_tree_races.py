"""Two at a time: changes of one tenant's tree happen one after the other, whatever the order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from media_core.documents.folders import Folder
from media_core.documents.locks import lock_tree
from media_core.documents.moves import move_document, move_folder
from media_core.documents.restriction import restrict_folder
from media_core.errors import FolderRefused
from tenants.binding import bind_tenant
from tests.folders import admin_of, new_folder
from tests.media_core.conftest import document_row
from tests.media_core.locks import one_after_the_other

pytestmark = pytest.mark.django_db


def test_two_moves_that_would_make_a_ring_make_none(committed, acme, people):
    def race():
        a, b, admin = new_folder(acme, "a"), new_folder(acme, "b"), admin_of(acme)
        refusal = one_after_the_other(
            acme,
            lambda: move_folder(folder_id=a.pk, target_id=b.pk, editor=admin),
            lambda: move_folder(folder_id=b.pk, target_id=a.pk, editor=admin),
        )
        with bind_tenant(acme):
            return refusal, {row.name: len(row.path) for row in Folder.objects.all()}

    refusal, depths = committed(race)
    assert "cannot stand in itself" in str(refusal)
    assert depths == {"a": 2, "b": 1}


def test_nobody_finds_a_place_that_was_restricted_a_moment_before(committed, acme, people):
    def race():
        folder, admin = new_folder(acme), admin_of(acme)
        with bind_tenant(acme):
            document = document_row()
            public = document_row(visibility="public")
        said = [
            one_after_the_other(
                acme,
                lambda: restrict_folder(folder_id=folder.pk, readers=[], admin=admin),
                partial(move_document, document_id=row.pk, target_id=folder.pk, editor=admin),
            )
            for row in (document, public)
        ]
        return said[0].folder_id == folder.pk, said[1]

    moved, refusal = committed(race)
    assert moved
    assert "is public: unpublish it first" in str(refusal)


def test_many_moves_at_once_leave_a_tree(committed, acme, people):
    def race():
        admin = admin_of(acme)
        folders = [new_folder(acme, str(number)) for number in range(4)]
        together = threading.Barrier(4)

        def move_around(number):
            with bind_tenant(acme):
                together.wait()
                for step in range(1, 4):
                    target = folders[(number + step) % 4]
                    try:
                        move_folder(folder_id=folders[number].pk, target_id=target.pk, editor=admin)
                    except FolderRefused:
                        continue
            connection.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(move_around, range(4)))
        with bind_tenant(acme):
            return [
                (row.path, [*(row.parent.path if row.parent else []), row.pk])
                for row in Folder.objects.select_related("parent")
            ]

    rows = committed(race)
    assert len(rows) == 4
    assert all(path == expected for path, expected in rows)


def test_the_trees_of_two_tenants_wait_for_nobody(committed, acme, globex, people):
    def race():
        with bind_tenant(acme), transaction.atomic():
            lock_tree()
            return committed_elsewhere()

    def committed_elsewhere():
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(in_globex).result(timeout=120)

    def in_globex():
        try:
            return new_folder(globex, "free").name
        finally:
            connection.close()

    assert committed(race) == "free"
