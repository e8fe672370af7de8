"""The page of file types says what the catalogue says."""

import re

import pytest

from media_core.storages.content_types import is_inline
from media_core.storages.file_types import CATALOGUE, TYPES_BY_EXTENSION
from tenants.models import FileGroup
from tests.test_docs import REFERENCE, rows

PAGE = REFERENCE / "file-types.md"


def test_the_table_is_the_catalogue() -> None:
    shown = [tuple(row[:5]) for row in rows(PAGE, "| Type | Extensions | Group")]
    assert shown == [
        (
            kind.name,
            ", ".join(f"`.{extension}`" for extension in kind.extensions),
            kind.group.value,
            f"`{kind.stored_as}`",
            "shown" if is_inline(kind.stored_as) else "download",
        )
        for kind in CATALOGUE
    ]


def test_every_type_says_how_it_is_proved() -> None:
    assert all(len(row[5]) > 20 for row in rows(PAGE, "| Type | Extensions | Group"))


@pytest.mark.parametrize("group", [group for group in FileGroup if group != FileGroup.OTHER])
def test_every_group_has_a_type(group: FileGroup) -> None:
    assert group in {kind.group for kind in CATALOGUE}


def test_what_the_page_calls_unknown_is_unknown() -> None:
    text = PAGE.read_text().partition("## Everything else")[2]
    named = set(re.findall(r"`\.([a-z0-9]+)`", text))
    assert len(named) > 10
    assert not named & TYPES_BY_EXTENSION.keys()
