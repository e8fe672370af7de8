"""What the how-tos show is what is tested here: the settings name by name, the code line by line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

import gateway.settings
from tests.untouched.wagtail_own.left_out import LEFT_OUT

HERE = Path(__file__).parent
HOWTOS = HERE.parent.parent / "docs" / "howto"
# In this order: each goes on where the one before ended.
PAGES = ("use-with-your-app.md", "use-with-wagtail.md", "use-with-django-filer.md")
# What a reader's own project is called there.
PROJECT = {"mysite": "tests.untouched"}


def blocks(page: str, file: str) -> Iterator[str]:
    """Return the Python that a page shows for a file."""
    text = (HOWTOS / page).read_text()
    for theirs, ours in PROJECT.items():
        text = text.replace(theirs, ours)
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if block.startswith(f"# {file}\n"):
            yield block


def shown_settings() -> dict[str, Any]:
    """Return what the settings are for whoever follows all pages."""
    made: dict[str, Any] = dict(vars(gateway.settings))
    # The one list that a page adds to in place.
    made["TEMPLATES"] = [{"OPTIONS": {"context_processors": []}}]
    for page in PAGES:
        for block in blocks(page, "settings.py"):
            exec(re.sub(r"^from .*", "", block, flags=re.MULTILINE), made)  # noqa: S102 - our own documentation
    return made


def named_settings() -> list[str]:
    trees = [ast.parse(block) for page in PAGES for block in blocks(page, "settings.py")]
    nodes = [node for tree in trees for node in tree.body]
    plain = [node.targets[0] for node in nodes if isinstance(node, ast.Assign)]
    added = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
    return sorted({ast.unparse(name) for name in plain + added})


@pytest.mark.parametrize("name", named_settings())
def test_the_settings_of_the_how_tos_are_these(name):
    assert shown_settings()[name] == getattr(settings, name)


def test_the_how_tos_leave_out_no_setting():
    mine = ast.parse((HERE / "settings.py").read_text()).body
    known = {ast.unparse(n.targets[0]) for n in mine if isinstance(n, ast.Assign)}
    assert known - set(named_settings()) == {"PASSWORD_HASHERS"}


def test_the_how_tos_add_the_context_processor_that_is_here():
    (added,) = shown_settings()["TEMPLATES"][0]["OPTIONS"]["context_processors"]
    assert added in settings.TEMPLATES[0]["OPTIONS"]["context_processors"]


def parts(text: str) -> dict[str, str]:
    """Return classes, functions and constants of Python source without their docstrings."""
    found = {}
    for node in ast.parse(text).body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(inner):
                inner.body = inner.body[1:]
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = ast.unparse(node)
        elif isinstance(node, ast.Assign):
            found[ast.unparse(node.targets[0])] = ast.unparse(node)
    return found


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("models.py", "plain/models.py"),
        ("readers.py", "plain/readers.py"),
        ("policy.py", "policy.py"),
    ],
)
def test_the_code_of_the_how_tos_is_this(file, source):
    here = parts((HERE / source).read_text())
    shown = [parts(block) for page in PAGES for block in blocks(page, file)]
    assert shown
    for part in shown:
        assert part.items() <= here.items()


def test_the_route_of_the_how_tos_is_here():
    (shown,) = blocks(PAGES[0], "urls.py")
    (route,) = re.findall(r"path\(.*\)(?=\])", shown)
    assert route in (HERE / "urls.py").read_text()


def test_the_tests_of_wagtail_that_are_left_out_are_named_with_the_reason():
    rows = re.findall(
        r"^\| (`Test.*|`test_.*) \| (.*) \|$", (HOWTOS / PAGES[1]).read_text(), re.MULTILINE
    )
    named = {name: why for names, why in rows for name in re.findall(r"`([^`]+)`", names)}
    assert named == LEFT_OUT
