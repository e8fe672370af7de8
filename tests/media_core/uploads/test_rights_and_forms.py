"""Rights are asked again when the bytes are there, and a form is read only in a charset that is one."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.models import Document
from media_core.documents.permissions import required_editor
from media_core.storages.models import StoredObject
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import RoleRequired
from tenants.people.models import Membership, Person, Role
from tests.conftest import browser_at, member

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
    uploader = required_editor(member(people["ed"], acme))
    happens(people["ed"], acme)
    with bind_tenant(acme):
        with pytest.raises(RoleRequired):
            store_upload(uploader=uploader, file=SimpleUploadedFile("a.pdf", b"x"))
        assert not Document.objects.exists()
        assert [row.state for row in StoredObject.objects.all()] == [StoredObject.State.ABANDONED]


@pytest.mark.parametrize("charset", ["zlib", "rot13", "hex", "undefined", "utf-16", "latin-1"])
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/upload"])
def test_a_form_in_another_charset_is_refused_before_it_is_read(charset, path, acme, globex):
    form = f"multipart/form-data; boundary=B; charset={charset}"
    answer = browser_at("acme.example").generic("POST", path, b"--B--", content_type=form)
    assert answer.status_code == 400
