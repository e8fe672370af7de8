"""What no linter knows: forms of Python that would mix up tenants here. Found by reading the code's syntax trees."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    path
    for package in ("tenants", "media_core", "gateway")
    for path in sorted((ROOT / package).rglob("*.py"))
]
OF_TENANTS = [
    path
    for path in FILES
    if path.is_relative_to(ROOT / "tenants") or path.is_relative_to(ROOT / "media_core")
]

# A `with` over something that is there already: locks, and the demo's own server. A tenant is bound by a call.
HELD = frozenset({"_lock", "lock", "server", "wrap_database_errors"})
# django-tenants' ways of switching: as decorators they share one object between threads.
SWITCHES = frozenset({"tenant_context", "schema_context", "tenant_migration", "get_tenant"})
CACHES = frozenset({"cache", "lru_cache", "cached_property"})
# What may be remembered by a process: facts about the code or the deployment, the same for every tenant.
REMEMBERED = frozenset(
    {
        "media_core/library/document_urls.py:_split_route",
        "media_core/bucket/proof_age.py:_log_once_a_day",
        "tenants/schemas/creation.py:compute_fingerprint",
        "tenants/schema_versions.py:load_migrations",
        "tenants/schema_versions.py:get_app_versions",
        "tenants/schema_versions.py:get_schema_version",
        "tenants/schema_versions.py:get_oldest_code",
    }
)

Rule = Callable[[ast.AST], str]
Thing = ast.Name | ast.Attribute | ast.Subscript | ast.Await


def name_of(node: ast.AST) -> str:
    """Return the last name of an expression: `b` for `a.b`, `a.b(…)` and `b`."""
    match node:
        case ast.Call(func=called):
            return name_of(called)
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
            return name.rpartition(".")[2]
    return ""


def with_over_a_thing(node: ast.AST) -> str:
    """`with tenant:` keeps one list of previous tenants for all threads."""
    if not isinstance(node, ast.With | ast.AsyncWith):
        return ""
    things = [item.context_expr for item in node.items if isinstance(item.context_expr, Thing)]
    return "".join(name_of(thing) or "?" for thing in things if name_of(thing) not in HELD)


def switch_of_django_tenants(node: ast.AST) -> str:
    """Only bind_tenant sets context and connection together."""
    is_name = isinstance(node, ast.Attribute | ast.Name | ast.alias)
    return name_of(node) if is_name and name_of(node) in SWITCHES else ""


def remembered_by_the_process(node: ast.AST) -> str:
    """What a process remembers it tells to every tenant."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    return node.name if CACHES.intersection(map(name_of, node.decorator_list)) else ""


def remembered_by_a_call(node: ast.AST) -> str:
    """`remembered = cache(function)` is the same without a decorator."""
    is_cache = isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    return name_of(node) if is_cache and name_of(node) in CACHES else ""


def everything_is_caught(node: ast.AST) -> str:
    """A refusal that is caught with everything else is no refusal any more."""
    if not isinstance(node, ast.ExceptHandler):
        return ""
    caught = (
        node.type.elts
        if isinstance(node.type, ast.Tuple)
        else [node.type or ast.Name("BaseException")]
    )
    return "".join({"Exception", "BaseException"}.intersection(map(name_of, caught)))


RULES: dict[Rule, list[Path]] = {
    with_over_a_thing: FILES,
    switch_of_django_tenants: FILES,
    everything_is_caught: FILES,
    remembered_by_the_process: OF_TENANTS,
    remembered_by_a_call: OF_TENANTS,
}


def nodes_of(text: str) -> list[ast.AST]:
    """Return the nodes of Python source; a decorator's call is found with its function."""
    nodes = list(ast.walk(ast.parse(text)))
    decorators = {
        id(decorator) for node in nodes for decorator in getattr(node, "decorator_list", [])
    }
    return [node for node in nodes if id(node) not in decorators]


@cache
def nodes_of_file(path: Path) -> list[ast.AST]:
    """Return the nodes of a file, which is parsed once for all rules."""
    return nodes_of(path.read_text(encoding="utf-8"))


def found_among(nodes: list[ast.AST], rule: Rule) -> Iterator[str]:
    return (found for node in nodes if (found := rule(node)))


def found_by(rule: Rule) -> set[str]:
    return {
        f"{path.relative_to(ROOT)}:{what}"
        for path in RULES[rule]
        for what in found_among(nodes_of_file(path), rule)
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_has_nothing_that_mixes_up_tenants(rule):
    assert found_by(rule) - REMEMBERED == set()


def test_what_may_be_remembered_is_still_there():
    assert found_by(remembered_by_the_process) == REMEMBERED


SAMPLES = [
    (with_over_a_thing, "with tenant: pass"), (with_over_a_thing, "with request.tenant as t: pass"),
    (with_over_a_thing, "with bind_agency(), self.tenant: pass"), (with_over_a_thing, "with tenants[0]: pass"),
    (switch_of_django_tenants, "from django_tenants.utils import tenant_context"),
    (switch_of_django_tenants, "from django_tenants.utils import schema_context as s"),
    (switch_of_django_tenants, "@tenant_context(tenant)\ndef f(): pass"),
    (switch_of_django_tenants, "with utils.schema_context('x'): pass"),
    (remembered_by_the_process, "@cache\ndef f(): pass"),
    (remembered_by_the_process, "@functools.lru_cache(9)\ndef f(): pass"),
    (remembered_by_the_process, "class A:\n @cached_property\n def f(self): pass"),
    (remembered_by_a_call, "f = functools.cache(g)"), (remembered_by_a_call, "f = lru_cache(maxsize=9)(g)"),
    (everything_is_caught, "try: f()\nexcept Exception: pass"), (everything_is_caught, "try: f()\nexcept: pass"),
    (everything_is_caught, "try: f()\nexcept (ValueError, Exception) as e: pass"),
    (everything_is_caught, "try: f()\nexcept builtins.BaseException: pass"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), SAMPLES)
def test_what_mixes_up_tenants_would_be_found(rule, text):
    assert list(found_among(nodes_of(text), rule))


@pytest.mark.parametrize("text", [
    "with bind_tenant(tenant): pass", "with self._lock: pass", "with open(x) as f, bind_tenant(t): pass",
    "try: f()\nexcept (ValueError, KeyError): pass", "def cache_key(): pass", "cache.get('x')",
])  # fmt: skip
def test_what_is_right_is_left_alone(text):
    nodes = nodes_of(text)
    assert [what for rule in RULES for what in found_among(nodes, rule)] == []


def test_there_is_code_to_read():
    assert len(OF_TENANTS) > 40
    assert len(FILES) > len(OF_TENANTS)
