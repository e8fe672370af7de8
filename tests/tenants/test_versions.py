"""Which tenants a version of the code serves: behind it, ahead of it, at the edges."""

import pytest

from tenants.checks import check_migration_decisions
from tenants.schema_versions import (
    ABSENT_APP,
    AppVersions,
    compute_version,
    describe_version_state,
    explain_version_mismatch,
    find_version_problem,
    get_app_versions,
    get_oldest_code,
    get_schema_version,
    list_tenant_app_labels,
    parse_version,
    read_declaration,
)

# Code that knows a1 to a4, serves tables from a2 on, and whose own tables serve code from a3 on.
A = AppVersions(
    "a4", frozenset({"zero", "a1", "a2", "a3", "a4"}), frozenset({"a2", "a3", "a4"}), "a3"
)
# A new app, without which old tables and old code do as well.
B = AppVersions("b1", frozenset({"zero", "b1"}), frozenset({"zero", "b1"}), "zero")
CODE = {"a": A, "b": B}


@pytest.mark.parametrize("version", ["a.a4 b.b1", "a.a3 b.b1", "a.a2 b.b1", "a.a2", "a.a4 b.zero"])
def test_a_tenant_in_the_range_is_served(version):
    assert explain_version_mismatch(version, "", CODE) == ""


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("a.a1 b.b1", "a is at a1, which this code (a4) does not serve"),
        ("b.b1", "a is at zero, which this code (a4) does not serve"),
        ("", "its version is not noted"),
        ("a.a3 a.a4 b.b1", "a is at a3+a4, which needs newer code; this is a4"),
        ("what was that", "a is at zero"),
        ("a b", "a is at , which needs newer code"),
    ],
)
def test_a_tenant_before_the_range_or_of_no_known_version_is_not(version, why):
    assert why in explain_version_mismatch(version, "a.a1 b.zero" if version == "" else "", CODE)


@pytest.mark.parametrize("oldest", ["a.a4 b.b1", "a.a1 b.b1", "a.zero b.b1"])
def test_a_tenant_ahead_is_served_by_code_that_the_newer_code_names_or_newer(oldest):
    assert explain_version_mismatch("a.a5 b.b1", oldest, CODE) == ""


@pytest.mark.parametrize("oldest", ["", "a.a5 b.b1", "b.b1", "a. b.b1", "nonsense"])
def test_a_tenant_ahead_is_not_served_without_that(oldest):
    assert "a is at a5, which needs" in explain_version_mismatch("a.a5 b.b1", oldest, CODE)


def test_an_app_of_newer_code_is_ignored_when_that_says_so():
    assert explain_version_mismatch("a.a4 b.b1 c.c1", "a.a3 b.b1 c.zero", CODE) == ""
    assert "c is at c1, which needs code of c1 or newer" in explain_version_mismatch(
        "a.a4 b.b1 c.c1", "c.c1", CODE
    )
    assert ABSENT_APP.served_migrations == {"zero"}


def test_a_tenant_of_this_code_is_served():
    assert (
        find_version_problem(get_schema_version(), "")
        == find_version_problem(get_schema_version(), get_oldest_code())
        == ""
    )
    assert describe_version_state(get_schema_version(), "") == "current"


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("", "unknown, not served"),
        ("stamp.0001_initial", "behind, not served"),
        ("stamp.0900_x", "ahead, not served"),
    ],
)
def test_a_list_says_how_a_tenant_stands(version, shown):
    assert describe_version_state(version, "") == shown


def test_a_tenant_ahead_whose_version_names_this_code_stands_ahead():
    ahead = " ".join(f"{label}.9000_newer" for label in parse_version(get_schema_version()))
    assert (
        find_version_problem(ahead, get_schema_version()),
        describe_version_state(ahead, get_schema_version()),
    ) == ("", "ahead")


# --- what is declared


@pytest.mark.parametrize("label", list_tenant_app_labels())
def test_every_tenant_app_says_what_fits_its_newest_migration(label):
    app = get_app_versions()[label]
    assert read_declaration(label, "DECIDED_FOR") == app.last, (
        "Decide migrations/__init__.py of this app."
    )
    assert {
        read_declaration(label, "OLDEST_SCHEMA"),
        read_declaration(label, "OLDEST_CODE"),
    } <= app.known
    assert app.last in app.served_migrations


def test_the_check_finds_nothing_here():
    assert check_migration_decisions() == []


# --- what a schema says of itself


def test_the_version_is_the_last_known_migration_of_each_app():
    first = get_app_versions()["media_core"].known - {"zero"}
    applied = [("stamp", "0001_initial"), *(("media_core", name) for name in sorted(first))]
    assert compute_version(applied) == get_schema_version()


def test_a_migration_that_came_later_is_newer_and_one_before_was_removed_since():
    known = [("stamp", "0001_initial")]
    assert (
        compute_version([*known, ("stamp", "0002_newer"), ("stamp", "0003_newest")])
        == "stamp.0003_newest"
    )
    assert compute_version([("stamp", "0001_before_a_squash"), *known]) == "stamp.0001_initial"
    assert compute_version([]) == ""
