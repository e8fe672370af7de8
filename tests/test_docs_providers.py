"""The page on providers shows the data that settings and checks use: each value, its source, and what that says."""

from dataclasses import fields

import pytest

from media_core.bucket import provider_sources
from media_core.bucket.provider_sources import Source
from media_core.bucket.providers import PROVIDERS, Fact, Provider
from tests.test_docs import REFERENCE, bounds_of, readings, rows

PAGE = REFERENCE / "providers.md"
NAMES = {
    name: source for name, source in vars(provider_sources).items() if isinstance(source, Source)
}
POINTS = [field.name for field in fields(Provider)]


WORDS = {"True": "yes", "False": "no", "None": "unknown", "": "yours"}


def format_fact(fact: Fact[object]) -> list[str]:
    """Return value and source as the page writes them."""
    names = [name for name, source in NAMES.items() if source == fact.source]
    return [WORDS.get(str(fact.value), f"`{fact.value}`"), *(names or ["probe"])]


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_value_stands_on_the_page_with_its_source(name):
    expected = [[f"`{point}`", *format_fact(getattr(PROVIDERS[name], point))] for point in POINTS]
    assert rows(PAGE, f"| {name} |") == expected


def test_every_source_stands_there_with_what_it_says():
    expected = [[name, f"<{source.url}>", source.says] for name, source in NAMES.items()]
    assert rows(PAGE, "| Source |") == expected


def test_every_point_is_explained():
    assert [row[0].strip("`") for row in rows(PAGE, "| Point |")] == POINTS


def test_every_source_is_that_of_a_value():
    used = {getattr(known, point).source for known in PROVIDERS.values() for point in POINTS}
    assert set(NAMES.values()) == used - {None}


def test_settings_know_every_provider():
    assert bounds_of(readings()["BUCKET_PROVIDER"]) == ", ".join(
        f"`{name}`" for name in sorted(PROVIDERS)
    )
