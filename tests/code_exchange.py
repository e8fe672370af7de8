"""Let the functions of this process run other code for a while: that of a changed syntax tree of their module."""

import ast
import gc
import importlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TypeVar

from tests.mutants import APPS, ROOT, find_mutants

T = TypeVar("T")


@cache
def find_running_functions() -> Mapping[str, list[FunctionType]]:
    """Return the functions that exist in this process, by the file of their module."""
    for file in {mutant.file for mutant in find_mutants()}:
        importlib.import_module(file.removesuffix(".py").replace("/", "."))
    folders = tuple(f"{ROOT / app}/" for app in APPS)
    found = defaultdict(list)
    for each in find_objects(FunctionType):
        if each.__code__.co_filename.startswith(folders):
            found[str(Path(each.__code__.co_filename).relative_to(ROOT))].append(each)
    return found


@contextmanager
def exchange_code(file: str, tree: ast.Module) -> Iterator[None]:
    """Let the functions of a module do inside the block what `tree` says. Lines keep their numbers."""
    compiled = compile(tree, str(ROOT / file), "exec")
    new = {(code.co_qualname, code.co_firstlineno): code for code in _code_objects(compiled)}
    known = [(each, each.__code__) for each in find_running_functions()[file]]
    try:
        for function, code in known:
            replacement = new.get((code.co_qualname, code.co_firstlineno), code)
            if replacement != code:
                function.__code__ = replacement
        forget_statements()
        yield
    finally:
        for function, code in known:
            if function.__code__ is not code:
                function.__code__ = code
        forget_statements()


def forget_statements() -> None:
    """Let statements that were compiled once be compiled again, by the code that is in use now."""
    for compiled in find_compiled_statements():
        compiled._statements.clear()


@cache
def find_compiled_statements() -> list[Any]:
    from tenants.compiled_queries import CompiledQuery  # noqa: PLC0415 - a plugin is there before Django is set up

    find_running_functions()
    return find_objects(CompiledQuery)


def find_objects(kind: type[T]) -> list[T]:
    """Return the objects of this process that are of a type. `isinstance` would evaluate lazy objects."""
    return [each for each in gc.get_objects() if issubclass(type(each), kind)]


def _code_objects(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _code_objects(constant)
