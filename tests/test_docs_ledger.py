"""The page of the ledger draws the states and the tables that the code has, and no others."""

import re

from django.apps import apps
from django.db.models import ForeignKey, Model, OneToOneField

from media_core.ledger.models import StoredObject
from media_core.ledger.steps import NEXT_STATES
from media_core.rows import TenantModel
from tests.test_docs import ROOT, rows

PAGE = ROOT / "docs" / "explanation" / "the-ledger.md"
STEP = re.compile(r"^    (\S+) --> (\w+): ", re.MULTILINE)
STATE = re.compile(r"^- ((?:\*\*\w+\*\*(?:, )?)+):", re.MULTILINE)
REFERENCE = re.compile(r"^    (\w+ [|}]o--o?\|+ \w+ : \w+)$", re.MULTILINE)
ALONE = re.compile(r"^    (\w+)$", re.MULTILINE)


def find_models() -> list[type[Model]]:
    """Return the tables of a tenant's schema that are ours."""
    return [
        model for model in apps.get_app_config("media_core").get_models()
        if issubclass(model, TenantModel)
    ]  # fmt: skip


def iterate_references() -> set[str]:
    """Return every reference between tables as the diagram draws it."""
    return {
        f"{model.__name__} {'|' if isinstance(field, OneToOneField) else '}'}o--"
        f"{'o|' if field.null else '||'} {field.related_model.__name__} : {field.name}"
        for model in find_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and isinstance(field.related_model, type)
    }


def test_the_states_have_the_steps_that_the_diagram_draws() -> None:
    drawn = STEP.findall(PAGE.read_text())
    taken = {(before, after) for before, steps in NEXT_STATES.items() for after in steps}
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == taken | {("[*]", StoredObject._meta.get_field("state").default)}


def test_every_state_is_declared_and_told_of() -> None:
    told = re.findall(r"\w+", " ".join(STATE.findall(PAGE.read_text())))
    assert set(NEXT_STATES) == set(told) == set(StoredObject.State.values)


def test_the_tables_refer_to_each_other_as_the_diagram_draws() -> None:
    diagram = PAGE.read_text().partition("erDiagram\n")[2].partition("```")[0]
    references = REFERENCE.findall(diagram)
    assert set(references) == iterate_references()
    named = {word for line in references for word in (line.split()[0], line.split()[2])}
    assert named | set(ALONE.findall(diagram)) == {model.__name__ for model in find_models()}


def test_every_table_is_told_of() -> None:
    told = {row[0].strip("`") for row in rows(PAGE, "| Table | Is |")}
    assert told == {model.__name__ for model in find_models()}


def test_every_constraint_is_told_of() -> None:
    told = [row[0].strip("`") for row in rows(PAGE, "| Constraint | No row |")]
    held = [each.name for model in find_models() for each in model._meta.constraints]
    assert sorted(told) == sorted(held)
