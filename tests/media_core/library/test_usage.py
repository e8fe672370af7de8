"""What members are told of limits: before an upload, on the page of limits, and when something is refused."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tenants.models import Quota, Tenant
from tests.media_core.conftest import set_quota
from tests.walk import written

pytestmark = pytest.mark.django_db

PAGES = ["/", "/limits"]


def page(browse, tenant, who, path="/limits"):
    answer = browse(tenant, who).get(path)
    assert answer.status_code == 200
    return " ".join(written(answer).decode().split())


def use(tenant, quota_bytes, used_bytes, reserved_bytes=0):
    Quota.objects.filter(tenant=tenant).update(
        quota_bytes=quota_bytes, used_bytes=used_bytes, reserved_bytes=reserved_bytes
    )


@pytest.mark.parametrize("path", PAGES)
def test_an_admin_sees_what_is_used_and_what_is_left(path, acme, globex, browse):
    use(acme, 10 * 10**9, 2 * 10**9, 10**9)
    use(globex, 77 * 10**9, 5)
    said = page(browse, acme, "ada", path)
    assert "3 GB of 10 GB used, 7 GB left" in said
    assert '<meter min="0" max="10000000000" value="3000000000" high="9000000000"' in said
    assert "77 GB" not in said


def test_an_admin_sees_what_is_promised(acme, browse):
    use(acme, 10**9, 0, 5000)
    assert "5 kB are promised to uploads" in page(browse, acme, "ada")


def test_without_a_quota_an_admin_sees_what_is_used(acme, browse):
    use(acme, None, 2_500_000)
    said = page(browse, acme, "ada")
    assert "2.5 MB used, no limit" in said
    assert "<meter" not in said


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["ed", "vic"])
def test_nobody_else_can_tell_from_the_pages_how_much_is_kept(who, path, acme, browse):
    looks = set()
    for used_bytes in (0, 123_456_789, 5 * 10**9):
        use(acme, 10 * 10**9, used_bytes)
        looks.add(written(browse(acme, who).get(path)))
    assert len(looks) == 1
    assert b"10 GB" not in looks.pop()


@pytest.mark.parametrize("path", PAGES)
def test_an_editor_is_told_roughly_when_the_largest_file_would_not_fit(path, acme, browse):
    use(acme, 10 * 10**9, 10**10 - 34_567_890)
    said = page(browse, acme, "ed", path)
    assert "files up to 20 MB surely fit" in said
    use(acme, 10 * 10**9, 10**10)
    assert "nothing more fits" in page(browse, acme, "ed", path)


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_is_told_nothing_of_room(path, acme, browse):
    use(acme, 10, 10)
    said = page(browse, acme, "vic", path)
    assert "fit" not in said
    assert "<meter" not in said


def test_the_largest_file_and_the_types_are_told_in_words(acme, browse):
    Tenant.objects.filter(pk=acme.pk).update(
        upload_max_bytes=5_000_000, file_groups=["pdf", "image"]
    )
    for who in ("ada", "ed", "vic"):
        said = page(browse, acme, who)
        assert "<dd>5 MB</dd>" in said
        assert "<dd>PDF and pictures</dd>" in said
    form = page(browse, acme, "ed", "/")
    assert "At most 5 MB a file: PDF and pictures." in form
    assert 'data-max-bytes="5000000"' in form


def test_what_was_refused_is_told_in_units_and_nothing_is_stored(acme, browse):
    use(acme, 10**9, 10**9 - 1_000)
    file = SimpleUploadedFile("x.pdf", b"x" * 1500)
    answer = browse(acme, "ed").post(
        "/upload", {"file": file, "visibility": "private"}, follow=True
    )
    said = answer.content.decode()
    assert "There is not enough room left for this. It needs 1.5 kB (1,500 bytes)" in said
    assert answer.context["page"].paginator.count == 0


def test_a_title_that_misleads_is_refused_by_the_form_with_its_reason(acme, browse):
    set_quota(acme, None)
    file = SimpleUploadedFile("x.pdf", b"x")
    form = {"file": file, "title": "a\u202eb", "visibility": "private"}
    said = browse(acme, "ed").post("/upload", form, follow=True).content.decode()
    assert "turns the reading direction (U+202E)" in said


def test_an_admin_of_two_tenants_sees_each_ones_numbers_at_its_own_host(acme, globex, browse):
    use(acme, 11 * 10**9, 0)
    use(globex, 22 * 10**9, 0)
    assert "22 GB" in page(browse, globex, "eve")
    assert "11 GB" not in page(browse, globex, "eve")


def test_the_page_of_limits_takes_no_form(acme, browse):
    assert browse(acme, "ada").post("/limits").status_code == 405
