"""What does not work for an app says so, and touches nobody's files."""

import pytest
from django.core.files.storage import storages
from django.db import transaction
from wagtail.documents import get_document_model
from wagtail.tasks import delete_file_from_storage_task

from tenants.binding import bind_tenant
from tenants.errors import NoTenantBound
from tests.untouched.rooms import live, pdf
from tests.untouched.uses import USES

aliases = pytest.mark.parametrize("alias", ["default", "private"])
DOCUMENT = USES["Wagtail document"]


@aliases
@pytest.mark.parametrize("mode", ["wb", "ab", "r+b", "w"])
def test_a_file_is_not_opened_to_be_written(alias, mode, in_acme):
    with pytest.raises(ValueError, match="save"):
        storages[alias].open("a.pdf", mode)


@aliases
def test_there_is_no_path(alias, in_acme):
    with pytest.raises(NotImplementedError):
        storages[alias].path("a.pdf")


@aliases
@pytest.mark.parametrize("name", ["../globex/a.pdf", "/a.pdf", "a//b.pdf", "a\\b.pdf", "a\x00.pdf"])
def test_a_name_that_leaves_the_room_is_refused(alias, name, in_acme):
    for asked in (storages[alias].open, storages[alias].url, storages[alias].delete):
        with pytest.raises(Exception) as refusal:  # noqa: PT011 - each says it in its own way
            asked(name)
        assert type(refusal.value).__name__ in {
            "NameRefused", "KeyOutsidePrefix", "SuspiciousFileOperation",
        }  # fmt: skip


@aliases
def test_without_a_tenant_nothing_is_touched(alias, acme):
    for asked in (storages[alias].open, storages[alias].exists, storages[alias].delete):
        with pytest.raises(NoTenantBound):
            asked("a.pdf")


def test_a_task_of_wagtail_without_a_tenant_touches_nothing(acme):
    with bind_tenant(acme):
        made = DOCUMENT.upload(pdf())
        storage, name = made.file.storage.deconstruct(), made.file.name
    with pytest.raises(NoTenantBound):
        delete_file_from_storage_task.call(storage, name)
    assert set(live(acme, "private")) == {name}


def test_a_transaction_around_the_binding_deletes_no_bytes(committed):
    acme = committed["acme"]
    with bind_tenant(acme):
        made = DOCUMENT.upload(pdf())
    with transaction.atomic(), bind_tenant(acme):
        get_document_model().objects.all().delete()
    assert set(live(acme, "private")) == {made.file.name}
