"""What is not what it says is refused, or kept as a plain download; nothing hostile is ever shown by the browser."""

from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from media_core.errors import TypeRefused
from media_core.inspection.proved_types import prove_type
from media_core.storages.content_types import build_disposition, is_inline
from media_core.storages.file_types import DOWNLOAD_TYPE, TYPES_BY_EXTENSION
from tenants.binding import bind_tenant
from tenants.models import FileGroup, Tenant
from tests.media_core.inspection.hostile import HOSTILE, PNG, Hostile
from tests.samples import samples

pytestmark = pytest.mark.django_db


def of(prove, hostile: Hostile, **given) -> str:
    """Return the type that a file gets, "" when it is refused."""
    try:
        return str(prove(hostile.content, hostile.name, hostile.claimed, **given))
    except TypeRefused:
        return ""


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_a_hostile_file_is_refused_where_only_proved_files_are_taken(hostile, prove):
    assert of(prove, hostile) == hostile.outcome


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_a_hostile_file_is_a_plain_download_where_others_are_taken(hostile, prove):
    kept = of(prove, hostile, other=True)
    assert kept == (hostile.outcome or DOWNLOAD_TYPE)
    assert hostile.outcome or build_disposition(kept, hostile.name).startswith("attachment")


def test_the_table_has_more_than_the_samples_that_were_measured():
    assert len({hostile.what for hostile in HOSTILE}) == len(HOSTILE) > 18


# --- random bytes


RANDOM = given(
    content=some.binary(max_size=3000),
    extension=some.sampled_from([*sorted(TYPES_BY_EXTENSION), "html", "svg", ""]),
    begins=some.sampled_from([b"", *(sample[:16] for sample in samples().values())]),
)


def examples(count: int) -> settings:
    """Return settings for this many examples: a worker is started for most of them."""
    unchecked = [HealthCheck.function_scoped_fixture]
    return settings(max_examples=count, deadline=None, suppress_health_check=unchecked)


@examples(15)
@RANDOM
def test_random_bytes_are_never_shown_by_the_browser(content, extension, begins, acme):
    require_no_inline_type(content, extension, begins, acme)


@pytest.mark.slow
@examples(60)
@RANDOM
def test_many_random_bytes_are_never_shown_by_the_browser(content, extension, begins, acme):
    require_no_inline_type(content, extension, begins, acme)


def require_no_inline_type(content: bytes, extension: str, begins: bytes, acme: Tenant) -> None:
    tenant = Tenant.objects.get(pk=acme.pk)
    tenant.file_groups = FileGroup.values
    with bind_tenant(tenant):
        kept = prove_type(BytesIO(begins + content), name=f"x.{extension}", claimed="")
    assert not is_inline(kept)


# --- what a tenant takes


def test_a_group_that_is_not_taken_is_refused_and_the_others_are_named(prove):
    with pytest.raises(TypeRefused) as refused:
        prove(PNG, "a.png", groups=["pdf", "text"])
    assert (
        refused.value.detail == "PNG files are not taken here. Taken here are: PDF and plain text."
    )


def test_a_group_that_is_not_taken_is_refused_where_others_are(prove):
    with pytest.raises(TypeRefused):
        prove(PNG, "a.png", groups=["pdf"], other=True)


def test_what_was_seen_is_said(prove):
    with pytest.raises(
        TypeRefused, match=r"named like JPEG, but .*looks like application/.*executable"
    ):
        prove(b"MZ\x90\0\3\0\0\0" + b"\0" * 100, "a.jpg")
    with pytest.raises(TypeRefused, match="named like PNG, and was sent as text/html"):
        prove(PNG, "a.png", "text/html")


def test_what_one_tenant_takes_is_not_what_another_takes(acme, globex):
    acmes, globexs = (Tenant.objects.get(pk=tenant.pk) for tenant in (acme, globex))
    acmes.file_groups, globexs.file_groups = ["image"], ["pdf"]
    with bind_tenant(acmes):
        assert prove_type(BytesIO(PNG), name="a.png", claimed="") == "image/png"
    with bind_tenant(globexs), pytest.raises(TypeRefused):
        prove_type(BytesIO(PNG), name="a.png", claimed="")


@pytest.mark.parametrize(
    "claim", ["application/vnd.ms-excel", "text/csv; charset=utf-8", "", DOWNLOAD_TYPE]
)
def test_what_browsers_say_of_a_csv_file_is_understood(claim, prove):
    assert prove(b"a;b\n1;2\n", "a.csv", claim) == DOWNLOAD_TYPE


@pytest.mark.parametrize("extension", ["png", "pdf", "docx", "mp3", "txt", "html"])
def test_the_file_is_left_as_it_was_and_rewound(extension, acme):
    content = samples().get(extension, b"<html>")
    file = BytesIO(content)
    file.seek(3)
    tenant = Tenant.objects.get(pk=acme.pk)
    tenant.file_groups = FileGroup.values
    with bind_tenant(tenant):
        prove_type(file, name=f"x.{extension}", claimed="")
    assert (file.tell(), file.getvalue()) == (0, content)
