"""The isolation walk is worth something: it fails whenever one permission check is taken away."""

from collections import Counter
from typing import Any

import pytest

from tests.mutants import (
    CRASHING,
    GUARDED,
    HARMLESS,
    NEVER_CALLED,
    PERMISSIONS,
    Mutant,
    find_changes,
    find_functions,
    find_mutants,
    find_stray_decisions,
    list_functions,
    parse_module,
)
from tests.mutation_operators import DECIDERS


def mutants_by_tier() -> list[Any]:
    """Return every mutant, by file, function and number: of each part of the code one, the others are slow."""
    known, numbers, tiers = set[str](), Counter[str](), []
    for mutant in find_mutants():
        part, place = "/".join(mutant.file.split("/")[:2]), f"{mutant.file}:{mutant.function}"
        # Without the second mark pytest-django makes no database where mutants run alone.
        marks = [pytest.mark.mutation, pytest.mark.django_db]
        marks += [pytest.mark.slow] if part in known else []
        known.add(part)
        numbers[place] += 1
        tiers.append(pytest.param(mutant, id=f"{place}-{numbers[place]}", marks=marks))
    return tiers


@pytest.mark.parametrize("mutant", mutants_by_tier())
def test_the_walk_fails_without(mutant: Mutant) -> None:
    """tests/mutation.py runs this: it passes when a test of the walk fails on the mutant."""
    raise NotImplementedError(mutant)


def test_every_function_that_decides_is_taken_away_somewhere() -> None:
    deciding = find_functions(PERMISSIONS) - NEVER_CALLED
    assert deciding <= set(DECIDERS)
    called = "\n".join(mutant.before for mutant in find_mutants())
    assert [name for name in deciding if f"{name}(" not in called] == []


def test_every_decision_stands_in_a_function() -> None:
    """Elsewhere it would be asked once, when the module is imported, and no mutant could take it away."""
    assert find_stray_decisions() == []


@pytest.mark.parametrize(("file", "function"), GUARDED)
def test_every_guarded_function_has_a_check_to_take_away(file: str, function: str) -> None:
    assert function in list_functions(parse_module(file))
    assert [m for m in find_mutants() if (m.file, m.function) == (file, function)]


@pytest.mark.parametrize("listed", [HARMLESS, CRASHING], ids=["harmless", "crashing"])
def test_what_is_listed_is_there(listed: dict[tuple[str, str, str], str]) -> None:
    assert set(listed) <= find_changes()
