"""The permission checks of the code, found in its syntax trees, and the code without one of them.

A check is one of two things:

- a call of a function that decides (`DECIDERS`), wherever it stands: a new call joins by being written;
- a condition in a function of `GUARDED`: an argument of a filter, an `if` that refuses, an operand of it. A new
  condition in such a function joins by being written, too.

Nothing here depends on how a line is written or folded.
"""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.mutation_operators import (
    ANYBODY,
    DECIDERS,
    Operator,
    always_grant,
    callee_name,
    drop_argument,
    drop_decision,
    drop_is_true,
    drop_step,
    grant_on_error,
    match_every_row,
    never_refuse,
    skip_body,
    skip_statement,
    weaken_app_files,
)

ROOT = Path(__file__).resolve().parent.parent
APPS = ("tenants", "media_core", "gateway/agency")
# The twins that tests hold `readable` and `readable_folders` against; no code calls them, so none can lose the call.
NEVER_CALLED = frozenset({"may_read", "may_read_folder"})
ROWS: tuple[Operator, ...] = (drop_argument, drop_step)
REFUSALS: tuple[Operator, ...] = (never_refuse,)
VISIT_MODELS, VISIT_FLOW = "tenants/people/visit_models.py", "tenants/people/visits.py"
IDENTITY, PERMISSIONS = "tenants/people/identity.py", "media_core/documents/permissions.py"
# Functions whose conditions are checks although they call nothing that decides.
GUARDED: dict[tuple[str, str], tuple[Operator, ...]] = {
    # Who asks, and where they belong.
    ("tenants/people/models.py", "build_roles_query"): ROWS,
    ("tenants/people/models.py", "SessionQuerySet.open"): (*ROWS, match_every_row),
    (IDENTITY, "find_open_session"): (*REFUSALS, always_grant),
    (IDENTITY, "require_member"): REFUSALS,
    (IDENTITY, "require_staff"): REFUSALS,
    ("tenants/middleware.py", "SuspendedMiddleware.__call__"): (always_grant,),
    # Permissions.
    (PERMISSIONS, "match_closed_folders"): (skip_body,),
    (PERMISSIONS, "may_read_app_file"): (drop_is_true, grant_on_error),
    (PERMISSIONS, "confirm_editor"): (skip_body,),
    (PERMISSIONS, "confirm_admin"): (skip_body,),
    (PERMISSIONS, "_require_membership"): (*ROWS, skip_body),
    (PERMISSIONS, "require_editor"): REFUSALS,
    (PERMISSIONS, "require_admin"): REFUSALS,
    # Files: the signature, its end and its tenant; what counts as public; what an app has under a name.
    ("media_core/storages/signed_files.py", "unsign_file_path"): REFUSALS,
    ("media_core/ledger/querysets.py", "StoredObjectQuerySet.published"): (drop_argument,),
    ("media_core/serving/served_files.py", "find_signed"): ROWS,
    ("media_core/serving/served_files.py", "find_public"): ROWS,
    ("media_core/serving/served_files.py", "find_private"): (*ROWS, weaken_app_files),
    # Visits: who, where, how long, agreed to or not.
    (VISIT_MODELS, "VisitQuerySet.possible"): ROWS,
    (VISIT_MODELS, "VisitQuerySet.enterable"): ROWS,
    (VISIT_MODELS, "VisitQuerySet.under_way"): ROWS,
    (VISIT_MODELS, "build_visit_roles_query"): (drop_step, match_every_row),
    (VISIT_FLOW, "find_visit"): ROWS,
    (VISIT_FLOW, "find_own_visit"): ROWS,
    (VISIT_FLOW, "consent_to_visit"): (drop_argument,),
    (VISIT_FLOW, "issue_ticket"): ROWS,
    (VISIT_FLOW, "redeem_ticket"): (*ROWS, *REFUSALS),
    (VISIT_FLOW, "start_session"): (skip_statement,),
    (VISIT_FLOW, "may_still_write"): ROWS,
    ("media_core/visits/views.py", "redeem"): REFUSALS,
}
# What can be taken away from such a function and lets nobody in: the function, what stands there, what is left.
HARMLESS: dict[tuple[str, str, str], str] = {
    (
        "require_staff",
        "row is None or row.person is None or get_binding() is not AGENCY",
        "row is None or row.person is None",
    ): "Its routes exist on the agency's host only.",
    (
        "VisitQuerySet.enterable",
        "Tenant.objects.filter(pk=OuterRef('tenant'), requires_consent=True)",
        "Tenant.objects.filter(requires_consent=True)",
    ): "Fewer visits may be entered then.",
    ("start_session", "session.set_expiry(visit.ends_at)", "pass"): (
        "Each request asks whether the visit is over."
    ),
    ("start_session", "session.save()", "pass"): "The middleware saves what was changed.",
    ("start_session", "rotate_token(request)", "pass"): "It is about forms, not about who asks.",
    (
        "may_still_write",
        "Visit.objects.under_way().filter(pk=visit_id, person=person_id, may_write=True)",
        "Visit.objects.under_way().filter(pk=visit_id, may_write=True)",
    ): "A visit has one person.",
    ("may_still_write", "mine.filter(tenant=bound_tenant().id)", "mine.filter()"): (
        "A visit has one tenant."
    ),
    (
        "StoredObjectQuerySet.published",
        "self.stored().filter(of_documents | of_apps, area=PUBLIC_AREA)",
        "self.stored().filter(of_documents | of_apps)",
    ): "Its caller looks for a name that begins with the area.",
    (
        "find_open_session",
        "not request.session.get(BACKEND_SESSION_KEY)",
        "False",
    ): "It saves a query; a session without it has no person.",
}

# What makes the code fail when it is gone, so that no test of the walk comes to its own assertion.
CRASHING: dict[tuple[str, str, str], str] = {
    (
        "build_page_identity",
        "find_member(request)",
        ANYBODY,
    ): "At the agency no tenant is bound to look a member up in.",
    (
        "find_open_session",
        "row is None or row.person is None or (not row.person.is_active) or (not row.roles)",
        "row is None or row.person is None or (not row.person.is_active)",
    ): "Who has no role has no first one.",
    ("require_member", "member is None", "False"): "None has no role.",
    (
        "require_staff",
        "row is None or row.person is None or get_binding() is not AGENCY",
        "False",
    ): "None is no person.",
    (
        "SessionQuerySet.open",
        "self.filter(session_key=session_key, tenant=tenant_id, expire_date__gt=Now())",
        "self.filter(tenant=tenant_id, expire_date__gt=Now())",
    ): "A compiled statement refuses to be without the values that it needs.",
    (
        "_refuse_too_deep_below",
        "Folder.objects.readable_by(editor)",
        "Folder.objects.all()",
    ): "The test calls the flow, and what is hidden makes it refuse.",
}


@dataclass(frozen=True)
class Mutant:
    """A module in which one check is taken away: the node's number among the nodes of its function, and the change."""

    file: str
    function: str
    before: str
    after: str
    line: int
    node_index: int
    replacement: ast.AST

    def __str__(self) -> str:
        return f"{self.file}:{self.function} {self.before[:60]} => {self.after[:40]}"

    @property
    def change(self) -> tuple[str, str, str]:
        return self.function, self.before, self.after

    @property
    def function_id(self) -> str:
        """Return the name of the function with the check, as tests/mutation.py records it."""
        return f"{self.file}:{self.function}"

    def apply(self) -> ast.Module:
        """Return the module's tree without the check. Every line keeps its number."""
        tree = deepcopy(parse_module(self.file))
        function = list_functions(tree)[self.function]
        NodeReplacer(list(ast.walk(function))[self.node_index], deepcopy(self.replacement)).visit(
            function
        )
        return ast.fix_missing_locations(tree)


class NodeReplacer(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, before: ast.AST, after: ast.AST) -> None:
        self.before = before
        self.after = ast.copy_location(after, before)

    def visit(self, node: ast.AST) -> ast.AST:
        return self.after if node is self.before else self.generic_visit(node)


@cache
def parse_module(file: str) -> ast.Module:
    """Return a module's tree. It is shared: copy it before you change it."""
    return ast.parse((ROOT / file).read_text())


def list_functions(
    tree: ast.AST, prefix: str = ""
) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a tree by its qualified name, in the order in which they stand there."""
    found: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[prefix + node.name] = node
            found |= list_functions(node, f"{prefix}{node.name}.<locals>.")
        elif isinstance(node, ast.ClassDef):
            found |= list_functions(node, f"{prefix}{node.name}.")
        elif not isinstance(node, ast.expr):
            found |= list_functions(node, prefix)
    return found


def find_functions(file: str) -> set[str]:
    """Return the names of a module's own functions."""
    return {name for name in list_functions(parse_module(file)) if "." not in name}


@cache
def find_mutants() -> tuple[Mutant, ...]:
    """Return a mutant for every decision and every guard, file by file."""
    return tuple(mutant for mutant in _all_mutants() if mutant.change not in HARMLESS)


def find_changes() -> set[tuple[str, str, str]]:
    """Return what can be taken away, harmless or not: the function, what stands there, what is left."""
    return {mutant.change for mutant in _all_mutants()}


@cache
def _all_mutants() -> tuple[Mutant, ...]:
    return tuple(mutant for file in find_files_with_checks() for mutant in _mutants_of(file))


@cache
def find_files_with_checks() -> list[str]:
    """Return the modules that may hold a check: to read the trees of all others takes seconds."""
    guarded = {file for file, _ in GUARDED}
    paths = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in paths}
    return [
        file
        for file, text in texts.items()
        if file in guarded or any(f"{name}(" in text for name in DECIDERS)
    ]


def _mutants_of(file: str) -> Iterator[Mutant]:
    functions = list_functions(parse_module(file))
    for name, function in functions.items():
        operators = (drop_decision, *GUARDED.get((file, name), ()))
        inner = [each for known, each in functions.items() if known.startswith(f"{name}.<locals>.")]
        inside = {id(node) for each in inner for node in ast.walk(each)}
        nodes = [node for node in ast.walk(function) if id(node) not in inside]
        changes = [change for node in nodes for operator in operators for change in operator(node)]
        # Two operators may do the same.
        distinct = {(id(before), ast.unparse(after)): (before, after) for before, after in changes}
        for (_, source), (before, after) in distinct.items():
            node_index = find_index(before, function)
            yield Mutant(file, name, ast.unparse(before), source, before.lineno, node_index, after)


def find_index(node: ast.AST, function: ast.AST) -> int:
    """Return the number of a node among those of its function."""
    return next(place for place, each in enumerate(ast.walk(function)) if each is node)


def find_stray_decisions() -> list[str]:
    """Return the calls of deciders that stand in no function: those are asked once, when a module is imported."""
    stray = []
    for file in find_files_with_checks():
        tree = parse_module(file)
        inside = {id(node) for each in list_functions(tree).values() for node in ast.walk(each)}
        stray += [
            f"{file}:{node.lineno} {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and callee_name(node) in DECIDERS
            and id(node) not in inside
        ]
    return stray
