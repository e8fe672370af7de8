"""The measured defects of the tutorial that this project grew from: each has its test, by its number in that list.

13, 16 and 23 are about its own files; what they teach is held elsewhere (static files, pinned requirements, threads).
"""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from gateway.demo.resolution import resolve_localhost_names
from media_core.bucket.client import build_client_config, get_bucket_access, get_bucket_client
from media_core.checks import check_bucket_name
from media_core.documents.models import Document
from media_core.errors import TypeRefused
from media_core.ledger.models import StoredObject
from media_core.storages.presigned import presign_get
from media_core.storages.shared_bucket import SharedBucketStorage, get_bucket_storage
from media_core.storages.tenant_storage import find_storage
from tenants.binding import bind_tenant
from tenants.errors import NotFound, PrefixRefused
from tenants.models import Tenant
from tenants.prefixes import validate_location_prefix
from tests import samples
from tests.conftest import browser_at
from tests.media_core.conftest import stored_row
from tests.media_core.documents.conftest import LOCATED, has_location
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
PDF, PNG = samples.pdf(), samples.picture("PNG")


def link(document: Document, tenant) -> str:
    with bind_tenant(tenant):
        return presign_get(document.original, file_name=document.name)


def address(document: Document, tenant) -> str:
    """Return the direct public address of a document."""
    with bind_tenant(tenant):
        public = document.public_copy
        assert public
        return find_storage(public).build_public_url(public)


def starts_with(**given: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py check` in an environment of which only this is known."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env={**kept, **given},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_01_without_a_configuration_nothing_goes_silently_to_the_disk(tmp_path):
    (tmp_path / ".env").write_text("DJANGO_SECRET_KEY=" + "x" * 50 + "\n")
    done = starts_with(DJANGO_ENV_FILE=str(tmp_path / ".env"))
    assert done.returncode == 1
    assert done.stderr.startswith("Not configured: AWS_ACCESS_KEY_ID is not set.")


def test_02_without_a_bucket_private_and_public_lie_apart_and_addresses_lead_somewhere(
    acme, store, browse, settings, tmp_path
):
    settings.USE_S3_MEDIA, settings.DISK_MEDIA_ROOT = False, str(tmp_path)
    private = store(acme, PDF, name="a.pdf")
    # Of most files on disk there is no public copy: of a photo that says where it was taken there is.
    public = store(acme, LOCATED, name="b.jpg", visibility="public")
    lying = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("?.*")}
    assert lying == {("acme", "private"), ("acme", "media")}
    opened = browse(acme, "ada").get(f"/d/{private.id}/a.pdf")
    assert browse(acme, "ada").get(opened.headers["Location"]).getvalue() == PDF
    stranger = browser_at("acme.example")
    direct = stranger.get(f"/d/{public.id}/b.jpg", follow=True)
    assert not has_location(direct.getvalue())
    assert not (ROOT / "private").exists()


def test_03_private_and_public_storage_sign_alike_overwrite_nothing_and_stay_signed(acme, settings):
    settings.PUBLIC_MEDIA_BASE_URL = "https://cdn.example"
    with bind_tenant(acme):
        public, private = get_bucket_storage("media"), get_bucket_storage("private")
        url = presign_get(stored_row(), file_name="x.pdf")
    assert public.connection.meta.client is private.connection.meta.client is get_bucket_client()
    assert (public.file_overwrite, private.file_overwrite) == (False, False)
    assert "X-Amz-Signature=" in url
    assert "cdn.example" not in url
    with pytest.raises(ImproperlyConfigured, match="custom_domain"):
        SharedBucketStorage(acme.prefix, StoredObject.Area.PRIVATE, custom_domain="cdn.example")


def test_04_everything_in_a_link_is_signed(acme, globex, store):
    url = link(store(acme, PDF), acme)
    changed = [
        url.replace("/acme/", "/globex/"),
        url.replace("inline", "attachment"),
        url.replace("application%2Fpdf", "text%2Fhtml"),
        url.replace("X-Amz-Expires=300", "X-Amz-Expires=301"),
        url + "&response-content-language=xx",
    ]
    assert len({*changed, url}) == 6
    assert [requests.get(each, timeout=60).status_code for each in changed] == [403] * 5


def test_05_a_public_address_is_not_signed_and_does_not_die(acme, globex, store):
    url = address(store(acme, PDF, name="b.pdf", visibility="public"), acme)
    answer = requests.get(url, timeout=60)
    assert (urlsplit(url).query, answer.status_code, answer.content) == ("", 200, PDF)
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_06_public_addresses_and_links_name_the_bucket_alike(style, acme, globex, store, settings):
    private = store(acme, PDF)
    public = store(acme, PDF, visibility="public")
    port = urlsplit(django_settings.BUCKET_ENDPOINT_URL).port
    settings.BUCKET_ADDRESSING_STYLE = style
    settings.BUCKET_ENDPOINT_URL = (
        f"http://{'s3.localhost' if style == 'virtual' else '127.0.0.1'}:{port}"
    )
    with resolve_localhost_names():
        urls = [link(private, acme), address(public, acme)]
        assert {urlsplit(url).netloc for url in urls} == {urlsplit(urls[0]).netloc}
        assert [requests.get(url, timeout=60).status_code for url in urls] == [200, 200]


def test_07_an_illegal_bucket_name_and_an_empty_key_are_refused(settings, tmp_path):
    settings.BUCKET_NAME = "example_project"
    (found,) = check_bucket_name()
    assert "example_project" in found.msg
    done = starts_with(DJANGO_SECRET_KEY="x" * 50, AWS_ACCESS_KEY_ID="", DJANGO_ENV_FILE="/none")
    assert "AWS_ACCESS_KEY_ID is not set" in done.stderr


def test_08_a_document_has_one_lifetime_wherever_its_link_comes_from(acme, globex, store, browse):
    document = store(acme, PDF)
    urls = [link(document, acme)]
    urls += [
        browse(acme, "ada").get(f"/d/{document.id}{name}").headers["Location"]
        for name in ("", "/x")
    ]
    assert [parse_qs(urlsplit(url).query)["X-Amz-Expires"] for url in urls] == [["300"]] * 3


def test_09_no_link_is_made_for_what_is_not_stored(acme, globex, browse):
    with bind_tenant(acme):
        for state in ("pending", "abandoned"):
            with pytest.raises(NotFound):
                presign_get(stored_row(state), file_name="x.pdf")
    assert "Signature" not in browse(acme, "ada").get("/").content.decode()


@pytest.mark.parametrize("name", ["README", "notes-" * 15, "archive.tar.gz"])
def test_10_a_file_keeps_the_name_that_it_came_with(name, acme, globex, browse, store):
    document = store(acme, b"some bytes", name=name)
    answer = requests.get(link(document, acme), timeout=60)
    assert f'filename="{name}"' in answer.headers["Content-Disposition"]


def test_11_a_gz_comes_back_byte_for_byte(acme, globex, store):
    content = b"\x1f\x8b\x08\x00" + bytes(range(200))
    document = store(acme, content, name="x.tar.gz")
    answer = requests.get(link(document, acme), timeout=60)
    assert (answer.content, "Content-Encoding" in answer.headers) == (content, False)


def test_12_no_object_is_forgotten_with_its_document(acme, globex, store):
    document = store(acme, PDF)
    with bind_tenant(acme):
        document.delete()
        assert StoredObject.objects.stored().filter(pk=document.original_id).exists()


def test_14_checksums_are_what_botocore_knows_and_ceph_takes():
    options = vars(build_client_config(get_bucket_access()))
    assert options["request_checksum_calculation"] == "when_required"
    assert options["response_checksum_validation"] == "when_required"


def test_15_a_prefix_without_its_slash_is_refused():
    with pytest.raises(PrefixRefused, match="write 'acme/'"):
        validate_location_prefix("acme")
    done = starts_with(
        DJANGO_SECRET_KEY="x" * 50, LOCATION_PREFIX="agency", DJANGO_ENV_FILE="/none"
    )
    assert "write 'agency/'" in done.stderr


def test_17_what_a_file_is_called_or_claimed_to_be_never_makes_it_run(
    acme, globex, store, settings
):
    html = b"<html><script>alert(1)</script></html>"
    document = store(acme, html, name="photo.jpg")
    answer = requests.get(link(document, acme), timeout=60)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_17_a_type_that_is_not_allowed_is_refused(acme, globex, store):
    strict = Tenant.objects.get(pk=acme.pk)
    strict.file_groups = ["pdf"]
    with pytest.raises(TypeRefused):
        store(strict, PNG, name="a.png")


def test_18_no_page_holds_a_link_and_the_permission_is_asked_at_the_download(
    acme, globex, store, browse, people
):
    document = store(acme, PDF)
    vic = browse(acme, "vic")
    assert "Signature" not in vic.get("/").content.decode()
    people["vic"].memberships.filter(tenant=acme).delete()
    assert "Location" not in vic.get(f"/d/{document.id}/x.pdf").headers


def test_19_the_logs_of_boto_hold_no_signature(acme, globex, store, caplog):
    logging.getLogger("botocore").propagate = True
    with caplog.at_level(logging.NOTSET):
        link(store(acme, PDF), acme)
    assert not re.search(r"Signature=[0-9a-f]", caplog.text)


def test_20_no_secret_is_in_the_source_and_debug_is_off():
    text = (ROOT / "gateway" / "settings.py").read_text()
    assert "insecure" not in text
    assert django_settings.DEBUG is False


def test_21_one_process_serves_each_tenant_from_its_own_prefix(acme, globex, store):
    keys = {}
    for tenant in (acme, globex, acme):
        document = store(tenant, PDF)
        with bind_tenant(tenant):
            keys[document.original.key] = tenant.location_prefix
    assert len(keys) == 3
    assert all(key.startswith(prefix) for key, prefix in keys.items())


def test_22_links_are_signed_by_one_client(acme, globex, store):
    client, document = get_bucket_client(), store(acme, PDF)
    for _ in range(100):
        link(document, acme)
    assert get_bucket_client() is client


def test_24_an_upload_is_one_request_and_overwrites_nothing(acme, globex, store):
    with bucket_requests() as sent:
        first, second = (store(acme, PDF, name="same.pdf") for _ in range(2))
    assert [request.method for request in sent] == ["PUT", "PUT"]
    assert first.original.name != second.original.name
