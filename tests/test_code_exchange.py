"""Code is exchanged without asking other objects of the process anything."""

from django.utils.functional import SimpleLazyObject

from tenants.compiled_queries import CompiledQuery
from tests.code_exchange import find_compiled_statements, find_running_functions


def fail() -> None:
    raise AssertionError("A lazy object that nobody used was evaluated.")


def test_lazy_objects_of_other_tests_are_not_evaluated() -> None:
    """`isinstance` would: a request that an earlier test left behind has a lazy `user`, and that asks the database."""
    left_behind = SimpleLazyObject(fail)
    find_running_functions.cache_clear()
    find_compiled_statements.cache_clear()
    assert find_running_functions()
    assert all(type(each) is CompiledQuery for each in find_compiled_statements())
    del left_behind
