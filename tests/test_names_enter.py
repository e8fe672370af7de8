"""Every way by which a name of people's enters asks the one validator: forms are found, the others are listed."""

import ast
import inspect
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from media_core.documents.permissions import require_editor
from media_core.uploads.flow import store_upload
from tenants import form_fields, names
from tenants.binding import bind_tenant
from tenants.errors import NameRefused
from tenants.models import Tenant
from tenants.people.members import find_or_create_person
from tenants.people.models import Person
from tenants.provisioning import create_tenant, rename_tenant
from tests.conftest import member

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = ["photo\u202egpj.exe", "a\x00b", "a\u2028b", "of\u00adfer", "\ufeffx", "\ud800"]
every_hostile = pytest.mark.parametrize("name", HOSTILE, ids=ascii)
# Text that is no name: it is compared with something, never shown.
NO_NAMES = frozenset({"login", "email", "password", "password1", "password2", "oldpassword"})


def modules_with_forms() -> list[Any]:
    """Return our modules that import Django's forms."""
    files = [
        file for app in ("tenants", "media_core") for file in sorted((ROOT / app).rglob("*.py"))
    ]
    found = [
        file for file in files if "forms" in file.read_text() and "migrations" not in file.parts
    ]
    return [
        import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for file in found
        if any(isinstance(node, ast.ClassDef) for node in ast.walk(ast.parse(file.read_text())))
    ]


def text_fields() -> dict[str, forms.Field]:
    """Return every field of our forms in which somebody writes text."""
    classes = {
        kind
        for module in modules_with_forms()
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, forms.BaseForm)
        and kind.__module__.startswith(("tenants.", "media_core."))
    }
    return {
        f"{kind.__name__}.{name}": field
        for kind in classes
        for name, field in getattr(kind, "base_fields", {}).items()
        if type(field) is forms.CharField or isinstance(field, form_fields.ValidatedCharField)
        if name not in NO_NAMES
    }


def test_every_field_of_a_form_for_text_asks_the_validator() -> None:
    found = text_fields()
    assert "UploadForm.title" in found
    assert [
        name
        for name, field in found.items()
        if not isinstance(field, form_fields.ValidatedCharField)
    ] == []
    checks = {
        field.check for field in found.values() if isinstance(field, form_fields.ValidatedCharField)
    }
    assert all(check.__module__ == names.__name__ for check in checks)


@every_hostile
def test_a_field_refuses_with_the_validators_reason(name: str) -> None:
    field = form_fields.ValidatedCharField(names.clean_title, required=False)
    with pytest.raises(forms.ValidationError):
        field.clean(name)
    assert (field.clean("  U\u0308 "), field.clean("")) == ("Ü", "")


Enter = Callable[[str, Tenant, dict[str, Person]], object]


def upload(name: str, title: str, tenant: Tenant, people: dict[str, Person]) -> None:
    with bind_tenant(tenant):
        uploader = require_editor(member(people["ed"], tenant))
        store_upload(uploader=uploader, file=ContentFile(b"x", name=name), title=title)


WAYS: dict[str, Enter] = {
    "a tenant is made": lambda name, _tenant, _people: create_tenant(
        name=name, location_prefix="u/", domain="u.example"
    ),
    "a tenant is renamed": lambda name, tenant, _people: rename_tenant(tenant, name),
    "a person is added": lambda name, _tenant, _people: find_or_create_person("u@u.example", name),
    "a file is uploaded": lambda name, tenant, people: upload(name, "", tenant, people),
    "a file gets a title": lambda name, tenant, people: upload("x.pdf", name, tenant, people),
}


@every_hostile
@pytest.mark.parametrize("way", WAYS)
def test_no_way_lets_a_name_in_that_cannot_be_seen_or_misleads(
    way: str, name: str, acme: Tenant, people: dict[str, Person]
) -> None:
    with pytest.raises(NameRefused):
        WAYS[way](name, acme, people)


@pytest.mark.parametrize("arguments", [
    ["create", "{}", "--prefix", "u/", "--domain", "u.example"], ["rename", "acme/", "{}"],
    ["member", "acme/", "add", "u@u.example", "--role", "viewer", "--name", "{}"],
    ["create", "U", "--prefix", "u/", "--domain", "u.example", "--admin", "u@u.example", "--admin-name", "{}"],
])  # fmt: skip
def test_no_command_lets_such_a_name_in(arguments: list[str], acme: Tenant) -> None:
    given = [argument.format(HOSTILE[0]) for argument in arguments]
    with pytest.raises(CommandError, match="turns the reading direction"):
        call_command("tenant", *given, stdout=StringIO())
