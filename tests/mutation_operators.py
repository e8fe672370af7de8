"""What can be taken away from a permission check: each operator yields pairs of a node and what stands in its place."""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy

ANYBODY = "__import__('tenants.people.identity', fromlist=['Member']).Member(__import__('uuid').uuid4(), 'x', 'admin')"
ANY_STAFF = (
    "__import__('tenants.people.identity', fromlist=['Staff']).Staff(1, 'x', frozenset(['owner']))"
)
EVERY_ROW = "__import__('django.db.models', fromlist=['Q']).Q(pk__isnull=False)"
# A function that decides, and what stands in its place when nobody asks. `{receiver}` is what its method is called on,
# `{first}` its first argument.
DECIDERS = {
    "readable_by": "{receiver}.all()",
    "require_member": ANYBODY,
    "find_member": ANYBODY,
    "require_editor": "{first}",
    "require_staff": ANY_STAFF,
    "readable": "__import__('django.db.models', fromlist=['Q']).Q()",
    "readable_folders": EVERY_ROW,
    "readable_paths": EVERY_ROW,
    "match_closed_folders": "__import__('media_core.models', fromlist=['Folder']).Folder.objects.none()",
    "readers": "__import__('tenants.people.models', fromlist=['Membership']).Membership.objects.all()",
    "may_settle": "True",
    "require_admin": "{first}",
    "identify_editor": ANYBODY,
    "identify_admin": ANYBODY,
    "may_edit": "True",
    "may_see_usage": "True",
    "may_still_write": "True",
    "confirm_editor": "None",
    "confirm_admin": "None",
    "_require_membership": "None",
    "belongs_here": "True",
    "may_be_public": "True",
    "may_read_app_file": "True",
    "_has_same_password": "True",
}

# What has a place in the source.
Node = ast.expr | ast.stmt
Change = tuple[Node, ast.AST]
Operator = Callable[[ast.AST], Iterator[Change]]


def parse_expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def drop_decision(node: ast.AST) -> Iterator[Change]:
    """Yield a call of a decider with what stands there when nobody asks."""
    if isinstance(node, ast.Call) and (name := callee_name(node)) in DECIDERS:
        receiver = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        first = ast.unparse(node.args[0]) if node.args else ""
        source = DECIDERS[name].replace("{receiver}", receiver).replace("{first}", first)
        yield node, parse_expression(source)


def drop_argument(node: ast.AST) -> Iterator[Change]:
    """Yield `filter`, `exclude` and `Q` without one of their arguments; `pk=…` only says which row is meant."""
    if isinstance(node, ast.Call) and callee_name(node) in {"filter", "exclude", "Q"}:
        for number in range(len(node.args)):
            changed = deepcopy(node)
            del changed.args[number]
            yield node, widen(changed)
        for number, keyword in enumerate(node.keywords):
            if keyword.arg != "pk" or isinstance(keyword.value, ast.Call):
                changed = deepcopy(node)
                del changed.keywords[number]
                yield node, widen(changed)


def widen(call: ast.Call) -> ast.expr:
    """Return the call, or a condition for every row: Django leaves an empty Q out of a disjunction."""
    is_empty_q = callee_name(call) == "Q" and not (call.args or call.keywords)
    return parse_expression(EVERY_ROW) if is_empty_q else call


def drop_step(node: ast.AST) -> Iterator[Change]:
    """Yield a chain of query methods without a step that takes no argument, such as `stored()`."""
    if (
        isinstance(node, ast.Call)
        and callee_name(node) in NARROWING_METHODS
        and isinstance(node.func, ast.Attribute)
    ):
        # A queryset in place of a manager that would have made one.
        yield node, ast.Call(ast.Attribute(deepcopy(node.func.value), "all", ast.Load()), [], [])


def never_refuse(node: ast.AST) -> Iterator[Change]:
    """Yield an `if` that refuses, so that it never does, and without each operand of an `or`."""
    if isinstance(node, ast.If) and refuses(node.body):
        yield node.test, ast.Constant(value=False)
        yield from _without_operands(node.test)


def always_grant(node: ast.AST) -> Iterator[Change]:
    """Yield an `if` that lets through, or `x if … else None`, so that it always does."""
    if isinstance(node, ast.If) and not refuses(node.body):
        yield node.test, ast.Constant(value=True)
    if isinstance(node, ast.IfExp) and isinstance(node.orelse, ast.Constant):
        yield node, deepcopy(node.body)


def skip_body(node: ast.AST) -> Iterator[Change]:
    """Yield an `if` whose body is never entered."""
    if isinstance(node, ast.If):
        yield node.test, ast.Constant(value=False)


def match_every_row(node: ast.AST) -> Iterator[Change]:
    """Yield `When(…, then=…)` so that it holds for every row."""
    if isinstance(node, ast.Call) and callee_name(node) == "When":
        changed = deepcopy(node)
        then = [keyword for keyword in changed.keywords if keyword.arg == "then"]
        changed.args, changed.keywords = [parse_expression(EVERY_ROW)], then
        yield node, changed


def drop_is_true(node: ast.AST) -> Iterator[Change]:
    """Yield `x is True` as `x`."""
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is):
        yield node, deepcopy(node.left)


def grant_on_error(node: ast.AST) -> Iterator[Change]:
    """Yield `return False` of an `except` as `return True`."""
    if isinstance(node, ast.ExceptHandler):
        for statement in node.body:
            if isinstance(statement, ast.Return):
                yield statement, ast.Return(value=ast.Constant(value=True))


def skip_statement(node: ast.AST) -> Iterator[Change]:
    """Yield a call for its effect, such as `session.flush()`, as `pass`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield node, ast.Pass()


def _without_operands(test: ast.expr) -> Iterator[Change]:
    """Yield an `or` without each of its operands. `x is None` keeps an error away, and nobody out."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        for number, operand in enumerate(test.values):
            if not ast.unparse(operand).endswith(" is None"):
                rest = [deepcopy(each) for each in test.values if each is not test.values[number]]
                yield test, rest[0] if len(rest) == 1 else ast.BoolOp(ast.Or(), rest)


def weaken_app_files(node: ast.AST) -> Iterator[Change]:
    """Yield `live(area)` with a part of its conditions only."""
    if isinstance(node, ast.Call) and callee_name(node) == "live":
        for source in WEAKER_APP_FILES:
            yield node, parse_expression(source)


def refuses(body: list[ast.stmt]) -> bool:
    """Return whether a body ends in an error, or in an answer that gives nothing."""
    last = body[-1]
    if isinstance(last, ast.Return):
        return last.value is None or (isinstance(last.value, ast.Constant) and not last.value.value)
    return isinstance(last, ast.Raise)


def callee_name(call: ast.Call) -> str:
    """Return the last name of what is called.

    >>> callee_name(parse_expression("Visit.objects.filter(pk=1)"))
    'filter'
    """
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


WEAKER_APP_FILES = (
    "AppFile.objects.filter(area='private')",
    "AppFile.objects.filter(area='private', saved_at__isnull=False)",
    "AppFile.objects.filter(state__in=['saved', 'taken_down'])",
)
NARROWING_METHODS = frozenset(
    {"stored", "published", "served_now", "possible", "waiting", "enterable", "under_way"}
)
