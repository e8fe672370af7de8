"""What a file is called: as the app says, or another name beside it when that one is taken."""

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction

from media_core.app_files.storages import PublicAppStorage
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tests.media_core.app_files.conftest import (
    agree,
    at_once,
    file_of,
    grow_all_old,
    row_of,
    save,
    states,
)
from tests.media_core.conftest import stored_row
from tests.media_core.uploads.conftest import keys

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("within", [False, True], ids=["alone", "in transactions"])
def test_of_8_who_save_one_name_each_gets_its_own(within, alias, folder, committed, acme):
    def work(number):
        def saving():
            return save(alias, f"{folder}/logo.png", str(number).encode())

        def run():
            with bind_tenant(acme):
                if not within:
                    return saving()
                with transaction.atomic():
                    return saving()

        return run

    before = committed(lambda: keys(acme))
    names = at_once([work(number) for number in range(8)])
    assert len(set(names)) == 8
    assert f"{folder}/logo.png" in names

    def read_back():
        with bind_tenant(acme):
            for number, name in enumerate(names):
                with storages[alias].open(name) as file:
                    assert file.read() == str(number).encode()
        agree(acme, before)

    committed(read_back)


def test_another_name_is_no_longer_than_the_column_takes(alias, folder, acme):
    name = f"{folder}/{'x' * 40}.txt"
    with bind_tenant(acme):
        saved = [
            storages[alias].save(name, ContentFile(b"x"), max_length=len(name)) for _ in range(3)
        ]
        shorter = storages[alias].save(name, ContentFile(b"x"), max_length=len(name) - 10)
    assert len({*saved, shorter}) == 4
    assert {len(one) for one in saved} == {len(name)}
    assert len(shorter) == len(name) - 10
    assert shorter.endswith(".txt")


def test_a_name_for_which_no_room_is_left_is_refused(alias, folder, acme):
    with bind_tenant(acme), pytest.raises(SuspiciousFileOperation):
        storages[alias].save(f"{folder}/x.txt", ContentFile(b"x"), max_length=20)
    with bind_tenant(acme):
        assert not StoredObject.objects.exists()


class Numbered(PublicAppStorage):
    """A storage of an app that has names of its own."""

    def get_alternative_name(self, file_root, file_ext):
        return f"{file_root}-again{file_ext}"


def test_an_app_may_choose_the_other_names(folder, acme):
    with bind_tenant(acme):
        for expected in ("x.txt", "x-again.txt"):
            assert Numbered().save(f"{folder}/x.txt", ContentFile(b"x")) == f"{folder}/{expected}"


def test_django_tidies_a_name_as_ever(alias, folder, acme):
    with bind_tenant(acme):
        assert storages[alias].generate_filename(f"{folder}/a b(1).txt") == f"{folder}/a_b1.txt"
        name = save(alias, f"{folder}/Übersicht – Q3 👩🏽‍🚀.pdf")
        assert storages[alias].exists(name)
        assert storages[alias].listdir(folder)[1] == ["Übersicht – Q3 👩🏽‍🚀.pdf"]


def test_a_private_object_has_a_key_that_never_was_before(folder, acme):
    files = []
    with bind_tenant(acme):
        for _ in range(2):
            name = save("private", f"{folder}/Übersicht.txt")
            files.append(file_of(name))
            storages["private"].delete(name)
    assert [file.name for file in files] == [f"{folder}/Übersicht.txt"] * 2
    assert [file.stored_object.name for file in files] == [
        f"private/app/{file.pk}/{file.stored_object_id}/Ubersicht.txt" for file in files
    ]


def test_a_public_name_is_free_again_when_its_object_is_gone(folder, committed, acme):
    name = f"{folder}/thumb.png"

    def each():
        for body in (b"first", b"second", b"third"):
            storages["default"].delete(name)
            assert save("default", name, body) == name
            with storages["default"].open(name) as file:
                assert file.read() == body

    committed(lambda: bound(acme, each))
    committed(lambda: bound(acme, lambda: expect(states(name))))


def bound(tenant, work):
    with bind_tenant(tenant):
        return work()


def expect(found):
    assert found == [("private", "deleted"), ("private", "deleted"), ("media", "saved")]


@pytest.mark.parametrize("state", ["pending", "abandoned", "condemned", "stored"])
def test_a_public_name_is_taken_as_long_as_its_object_may_be_there(state, folder, acme):
    name = f"{folder}/x.png"
    with bind_tenant(acme):
        now = row_of(save("default", "other.txt")).stored_at
        times = {
            "stored_at": now if state in {"condemned", "stored"} else None,
            "purge_after": now if state == "condemned" else None,
        }
        stored_row(state=state, kind="app", area="media", name=f"media/{name}", **times)
        assert save("default", name) != name


@pytest.mark.parametrize("state", ["stored", "gone"])
def test_a_documents_key_is_never_an_apps(state, acme):
    with bind_tenant(acme):
        row = row_of(save("default", "other.txt"))
        gone_at = row.stored_at if state == "gone" else None
        document = stored_row(
            area="media", name=f"media/{row.pk}/offer.pdf", state=state, gone_at=gone_at
        )
        wanted = document.name.removeprefix("media/")
        assert save("default", wanted) != wanted
        assert not storages["default"].exists(wanted)
        storages["default"].delete(wanted)
        assert StoredObject.objects.get(pk=document.pk).state == state


def test_a_private_documents_name_says_nothing_to_an_app(store, acme):
    document = store(acme)
    with bind_tenant(acme):
        for name in (
            document.original.name,
            document.original.name.removeprefix("private/"),
        ):
            assert not storages["private"].exists(name)
            storages["private"].delete(name)
            with pytest.raises(FileNotFoundError):
                storages["private"].open(name)
        assert StoredObject.objects.get().state == "stored"


def test_a_name_that_a_rolled_back_save_had_is_free_for_good_after_a_sweep(
    alias, folder, committed, acme
):
    name = f"{folder}/x.txt"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            with transaction.atomic():
                save(alias, name)
                transaction.set_rollback(True)
            assert not storages[alias].exists(name)
            assert save(alias, name) != name
            grow_all_old()
        agree(acme, before)
        with bind_tenant(acme):
            assert save(alias, name) == name

    committed(each)


def test_a_name_that_an_open_transaction_holds_is_not_waited_for(alias, folder, committed, acme):
    name = f"{folder}/x.txt"

    def each():
        with bind_tenant(acme):
            save(alias, name)
            with transaction.atomic():
                storages[alias].delete(name)
                # It would wait for this transaction, which waits for it.
                [other] = at_once([lambda: bound(acme, lambda: save(alias, name))])
            assert other != name
            assert not connection.in_atomic_block
            assert [storages[alias].exists(one) for one in (name, other)] == [False, True]

    committed(each)


def test_saves_of_one_name_in_one_transaction_do_not_wait_for_each_other(
    alias, folder, committed, acme
):
    def each():
        with bind_tenant(acme), transaction.atomic():
            return {save(alias, f"{folder}/x.txt") for _ in range(3)}

    assert len(committed(each)) == 3
