"""Whatever app stores, and however: in the room of the tenant that is bound, in its ledger, in its quota."""

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from media_core.app_files.models import AppFile
from tenants.binding import bind_tenant
from tests.untouched.rooms import (
    all_live,
    asked_in_bucket,
    keys_of,
    live,
    prefix_of,
    storage,
    used_bytes,
)
from tests.untouched.uses import USES, Use

every_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


def of_area(area: str) -> pytest.MarkDecorator:
    found = {name: use for name, use in USES.items() if use.area == area}
    return pytest.mark.parametrize("use", found.values(), ids=found)


@every_use
def test_an_upload_is_in_the_room_and_its_ledger(use: Use, acme, globex):
    before, content = used_bytes(acme), use.content()
    with bind_tenant(acme):
        name = use.file_of(use.upload(content)).name
    row = live(acme, use.area)[name]
    assert (row.kind, row.size_bytes, row.content_type) == ("app", len(content), use.content_type)
    assert str(prefix_of(acme)) + row.name in keys_of(acme)
    assert used_bytes(acme) - before == sum(row.size_bytes for row in all_live(acme).values())


@every_use
def test_an_upload_is_nothing_to_another_tenant(use: Use, acme, globex):
    before = keys_of(globex), used_bytes(globex)
    with bind_tenant(acme):
        name = use.file_of(use.upload(use.content())).name
    assert (all_live(globex), (keys_of(globex), used_bytes(globex))) == ({}, before)
    with bind_tenant(globex):
        assert not use.model.objects.exists()
        assert not storage(use.area).exists(name)
        with pytest.raises(FileNotFoundError):
            storage(use.area).open(name)


@every_use
def test_two_tenants_in_turn_keep_files_of_the_same_name(use: Use, acme, globex):
    contents = {acme: use.content("blue"), globex: use.content("green")}
    made = {}
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            made[tenant] = use.upload(contents[tenant])
    for tenant in (acme, globex, acme):
        with bind_tenant(tenant), use.file_of(made[tenant]).open() as body:
            assert body.read() == contents[tenant]


@every_use
def test_a_replaced_file_is_a_new_one_and_the_old_one_a_tombstone(use: Use, in_acme):
    made = use.upload(use.content("blue"))
    old = live(in_acme, use.area)[use.file_of(made).name]
    use.replace(made, use.content("green"))
    with use.file_of(made).open() as body:
        assert body.read() == use.content("green")
    assert AppFile.objects.get(stored_object=old).state == "deleted"
    assert old.pk not in {row.pk for row in all_live(in_acme).values()}


@every_use
def test_a_renamed_file_has_its_bytes_under_the_new_name_only(use: Use, in_acme):
    made = use.upload(use.content())
    former = use.file_of(made).name
    use.rename(made, "renamed.bin")
    found = use.file_of(made)
    assert "renamed" in found.name
    assert (storage(use.area).exists(former), storage(use.area).exists(found.name)) == (False, True)
    with found.open() as body:
        assert body.read() == use.content()


@every_use
def test_a_deleted_file_is_gone_for_the_app_and_a_tombstone_in_the_ledger(
    use: Use, in_acme, django_capture_on_commit_callbacks
):
    made = use.upload(use.content())
    name = use.file_of(made).name
    with django_capture_on_commit_callbacks(execute=True):
        use.delete(made)
    assert not storage(use.area).exists(name)
    assert name not in storage(use.area).listdir(name.rpartition("/")[0])[1]
    assert AppFile.objects.get(name=name).state == "deleted"


@every_use
def test_a_list_shows_the_files_of_the_bound_tenant(use: Use, acme, globex):
    for tenant, names in ((acme, ["one.bin", "two.bin"]), (globex, ["three.bin"])):
        with bind_tenant(tenant):
            stored = [use.file_of(use.upload(use.content(), name)).name for name in names]
            listed = {
                f"{folder}/{one}"
                for folder in {name.rpartition("/")[0] for name in stored}
                for one in storage(use.area).listdir(folder)[1]
            }
            assert listed == set(stored)


@every_use
def test_a_rollback_leaves_no_file(use: Use, in_acme):
    with transaction.atomic():
        use.upload(use.content())
        transaction.set_rollback(True)
    assert all_live(in_acme) == {}


@of_area("private")
def test_a_private_object_is_reached_by_nobody_in_the_bucket(use: Use, in_acme):
    name = use.file_of(use.upload(use.content())).name
    row = live(in_acme, "private")[name]
    assert asked_in_bucket(in_acme, row).status_code == 403


@of_area("media")
def test_a_public_object_is_there_for_everybody_with_its_type(use: Use, in_acme):
    name = use.file_of(use.upload(use.content())).name
    row = live(in_acme, "media")[name]
    answer = asked_in_bucket(in_acme, row)
    assert (answer.status_code, answer.content) == (200, use.content())
    assert answer.headers["Content-Type"] == use.content_type


def test_the_users_of_a_tenant_are_its_own(acme, globex):
    with bind_tenant(acme):
        assert User.objects.filter(username="acme-editor").exists()
    with bind_tenant(globex):
        assert not User.objects.filter(username="acme-editor").exists()
