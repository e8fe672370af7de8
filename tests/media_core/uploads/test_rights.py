"""Rights are asked again when the bytes are there."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.models import Document
from media_core.documents.permissions import require_editor
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import RoleRequired
from tenants.people.models import Membership, Person, Role
from tests.conftest import member

pytestmark = pytest.mark.django_db


def leave(person, tenant):
    Membership.objects.filter(person=person, tenant=tenant).delete()


def lose_the_role(person, tenant):
    Membership.objects.filter(person=person, tenant=tenant).update(role=Role.VIEWER)


def deactivate(person, _tenant):
    Person.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("happens", [leave, lose_the_role, deactivate])
def test_who_may_no_longer_upload_when_the_bytes_are_there_adds_no_document(
    happens, acme, globex, people
):
    uploader = require_editor(member(people["ed"], acme))
    happens(people["ed"], acme)
    with bind_tenant(acme):
        with pytest.raises(RoleRequired):
            store_upload(uploader=uploader, file=SimpleUploadedFile("a.pdf", b"x"))
        assert not Document.objects.exists()
        assert [row.state for row in StoredObject.objects.all()] == [StoredObject.State.ABANDONED]
