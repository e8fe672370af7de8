"""The cast: tenants acme and globex (and hooli, suspended), their people, and the agency's.

They are committed once per session; what a test adds is rolled back after it.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from media_core.bucket.client import get_bucket_client
from media_core.documents.models import Document
from media_core.documents.permissions import require_editor
from media_core.uploads.flow import store_upload
from tenants.binding import bind_agency, bind_tenant
from tenants.models import FileGroup, Tenant
from tenants.people.identity import Member
from tenants.people.members import add_agency_role, set_role
from tenants.people.models import AgencyRole, Membership, Person, Role
from tenants.people.sessions import SessionStore
from tenants.provisioning import create_tenant, suspend_tenant
from tests.demo import Demo, share_demo
from tests.proof import forget_caches, proved

# A project with other settings: tests/test_untouched_apps.py runs it.
collect_ignore = ["bench", "untouched"]

# What a test of fault injection notes about itself (record_property); the end of the run adds them up.
CUT_POINTS = "cut points"
TENANTS = ("acme", "globex", "hooli")
PASSWORD = "correct horse battery staple"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = terminalreporter.stats.get("passed", [])
    noted = [dict(report.user_properties).get(CUT_POINTS, 0) for report in reports]
    if total := sum(noted):
        flows = sum(1 for count in noted if count)
        terminalreporter.write_line(f"fault injection: {total} cut points in {flows} flows")


@dataclass
class World:
    """Everybody, and where they belong."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)


@pytest.fixture(scope="session")
def world(django_db_setup: None, django_db_blocker: Any) -> World:
    with django_db_blocker.unblock():
        call_command("collectstatic", interactive=False, verbosity=0)
        proved()
        return create_world()


def create_world() -> World:
    made = World()
    for name in TENANTS:
        made.tenants[name] = create_tenant(
            name=name.title(), location_prefix=f"{name}/", domain=f"{name}.example"
        )
        # Tests that are not about types store whatever bytes they like, as plain downloads.
        made.tenants[name].file_groups = FileGroup.values
        made.tenants[name].save(update_fields=["file_groups"])
    for name, tenant, role in (
        ("ada", "acme", Role.ADMIN),
        ("ed", "acme", Role.EDITOR),
        ("vic", "acme", Role.VIEWER),
        ("eve", "globex", Role.ADMIN),
        ("gus", "globex", Role.VIEWER),
        ("hank", "hooli", Role.ADMIN),
    ):
        made.people[name] = create_person(name, tenant)
        set_role(made.tenants[tenant], made.people[name], role)
    made.people["max"] = create_person("max", "freelance")
    set_role(made.tenants["acme"], made.people["max"], Role.EDITOR)
    set_role(made.tenants["globex"], made.people["max"], Role.VIEWER)
    for name, agency_role in (
        ("olga", AgencyRole.Role.OWNER),
        ("otto", AgencyRole.Role.OPERATOR),
        ("fiona", AgencyRole.Role.FINANCE),
    ):
        made.people[name] = create_person(name, "agency")
        add_agency_role(made.people[name], agency_role)
    suspend_tenant(made.tenants["hooli"])
    made.tenants["hooli"].refresh_from_db()
    return made


# Hashing a password takes a third of a second, on purpose: once is enough for all.
_hashed = ""


def create_person(name: str, place: str) -> Person:
    global _hashed  # noqa: PLW0603
    person = Person.objects.create_person(
        f"{name}@{place}.example", name.title(), PASSWORD if not _hashed else None
    )
    if _hashed:
        person.password = _hashed
        person.save()
    _hashed = person.password
    return person


@pytest.fixture(scope="module", autouse=True)
def _empty_bucket() -> Iterator[None]:
    """Remove what the tests of a module left under the tenants' prefixes: to list many objects takes long."""
    yield
    pages = get_bucket_client().get_paginator("list_objects_v2")
    for name in TENANTS:
        prefix = f"{settings.LOCATION_PREFIX}{name}/"
        for page in pages.paginate(Bucket=settings.BUCKET_NAME, Prefix=prefix):
            if keys := [entry["Key"] for entry in page.get("Contents", [])]:
                get_bucket_client().delete_objects(
                    Bucket=settings.BUCKET_NAME,
                    Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
                )


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """Let no test know what another one found out in the seconds before."""
    forget_caches()
    yield
    forget_caches()


@pytest.fixture
def acme(world: World, db: None) -> Tenant:
    return world.tenants["acme"]


@pytest.fixture
def globex(world: World, db: None) -> Tenant:
    return world.tenants["globex"]


@pytest.fixture
def hooli(world: World, db: None) -> Tenant:
    return world.tenants["hooli"]


@pytest.fixture
def people(world: World, db: None) -> dict[str, Person]:
    return world.people


def new_session(person: Person, tenant: Tenant | None) -> str:
    """Return the key of a live session, as signing in makes it."""
    with bind_tenant(tenant, even_suspended=True) if tenant else bind_agency():
        store = SessionStore()
        store[SESSION_KEY] = str(person.pk)
        store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[HASH_SESSION_KEY] = person.get_session_auth_hash()
        store.save()
    return store.session_key or ""


def browser_at(host: str, session_key: str = "") -> Client:
    """Return a browser that speaks to one host over HTTPS, by way of the one proxy that .env.example names."""
    client = Client(headers={"host": host, "x-forwarded-proto": "https"})
    if session_key:
        client.cookies[settings.SESSION_COOKIE_NAME] = session_key
    return client


Browse = Callable[..., Client]


@pytest.fixture
def browse(people: dict[str, Person]) -> Browse:
    """Return a browser at a tenant's host, or with None at the agency's; signed in when a person is named."""

    def open_browser(tenant: Tenant | None, name: str = "") -> Client:
        host = f"{tenant.location_prefix.rstrip('/')}.example" if tenant else settings.AGENCY_HOST
        return browser_at(host, new_session(people[name], tenant) if name else "")

    return open_browser


def member(person: Person, tenant: Tenant) -> Member:
    role = Membership.objects.get(person=person, tenant=tenant).role
    return Member(person.id, person.name, Role(role))


Store = Callable[..., Document]


@pytest.fixture
def store(people: dict[str, Person]) -> Store:
    """Store a document in a tenant's room, in the real bucket, as its admin."""

    def store_document(
        tenant: Tenant, content: bytes = b"bytes", name: str = "offer.pdf", **given: Any
    ) -> Document:
        admin = (
            Membership.objects.select_related("person")
            .filter(tenant=tenant, role=Role.ADMIN)
            .first()
        )
        assert admin is not None
        with bind_tenant(tenant, even_suspended=True):
            return store_upload(
                uploader=require_editor(member(admin.person, tenant)),
                # Without a claim: Django's own default would be text/plain.
                file=SimpleUploadedFile(name, content, content_type=""),
                **given,
            )

    return store_document


# An hour is the most that is allowed: on a busy machine minutes pass between two requests.
LONG_LINKS = {"PRESIGNED_URL_EXPIRATION": "3600"}


@pytest.fixture(scope="session")
def demo_with_bucket() -> Demo:
    """Return the demo that all tests of the run share. They may add to it, and count on nothing that others add."""
    return share_demo("demo-with-bucket", **LONG_LINKS)


@pytest.fixture(scope="session")
def demo_on_disk() -> Demo:
    return share_demo("demo-on-disk", **LONG_LINKS, USE_S3_MEDIA="False")


@pytest.fixture(scope="session")
def _store_of_moods() -> Iterator[EmbeddedBucket]:
    with EmbeddedBucket(bucket="moody") as running:
        yield running


@pytest.fixture
def moody_bucket(_store_of_moods: EmbeddedBucket, settings: LazySettings) -> EmbeddedBucket:
    """Let the settings name a fresh, empty bucket of a store whose `moods(…)` the test may set."""
    settings.BUCKET_ENDPOINT_URL = _store_of_moods.endpoint_url
    settings.BUCKET_REGION = _store_of_moods.region
    settings.BUCKET_ACCESS_KEY = _store_of_moods.access_key
    settings.BUCKET_SECRET_KEY = _store_of_moods.secret_key
    settings.BUCKET_SIGNATURE_VERSION, settings.BUCKET_ADDRESSING_STYLE = "s3v4", "path"
    settings.BUCKET_NAME = f"moody-{uuid.uuid4().hex[:12]}"
    get_bucket_client().create_bucket(Bucket=settings.BUCKET_NAME)
    return _store_of_moods
