"""PRIVATE_MEDIA_READERS: whom it names decides, only True is a yes, and what cannot be asked is found at the start."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest

from media_core.documents.app_readers import load_app_readers, members
from media_core.documents.permissions import may_read_app_file
from tenants.errors import NotFound, RoleRequired, SignInRequired

HERE = __name__


class Yes:
    """As true as can be, but not True."""

    def __bool__(self) -> bool:
        return True


ANSWERS = [True, False, None, 1, "True", "yes", [True], Yes(), object()]
NO = [ObjectDoesNotExist, PermissionDenied, Http404, NotFound, RoleRequired, SignInRequired]
not_callable = "members"


def ask(settings, readers) -> bool:
    settings.PRIVATE_MEDIA_READERS = f"{HERE}.asked"
    globals()["asked"] = readers
    return may_read_app_file(HttpRequest(), "a/b.pdf")


async def asynchronous(request, name):
    return True


def of_one_argument(request):
    return True


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer).partition(" at ")[0])
def test_only_true_is_a_yes(answer, settings):
    assert ask(settings, lambda _request, _name: answer) == (answer is True)


@pytest.mark.parametrize("refusal", NO)
def test_a_refusal_of_the_app_is_a_no(refusal, settings):
    def refuse(_request, _name):
        raise refusal

    assert ask(settings, refuse) is False


@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, KeyboardInterrupt])
def test_an_error_of_the_app_is_no_answer_at_all(error, settings):
    def fail(_request, _name):
        raise error

    with pytest.raises(error):
        ask(settings, fail)


def test_it_is_asked_anew_each_time_with_the_request_and_the_name(settings):
    heard = []
    for _ in range(2):
        ask(settings, lambda request, name: heard.append((type(request), name)))
    assert heard == [(HttpRequest, "a/b.pdf")] * 2


def test_without_one_members_are_readers(settings):
    assert load_app_readers() is members


UNASKABLE = {
    "not_there": "cannot be imported",
    "not_callable": "is no function",
    "asynchronous": "asynchronous",
}


@pytest.mark.parametrize("name", UNASKABLE)
def test_what_cannot_be_asked_says_yes_to_nobody_and_names_the_remedy(name, settings):
    settings.PRIVATE_MEDIA_READERS = f"{HERE}.{name}"
    with pytest.raises(ImproperlyConfigured, match=rf"{name} .*{UNASKABLE[name]}.*Name a function"):
        may_read_app_file(HttpRequest(), "a/b.pdf")


@pytest.mark.parametrize("name", [*UNASKABLE, "of_one_argument"])
def test_a_check_finds_what_cannot_be_asked(name, settings):
    for dotted in (f"{HERE}.{name}", "nodots", "no.such.module"):
        settings.PRIVATE_MEDIA_READERS = dotted
        (found,) = [error for error in run_checks() if error.id == "media_core.E030"]
        assert found.msg.startswith(f"PRIVATE_MEDIA_READERS={dotted} ")
        assert (found.hint or "").startswith("Name a function")


@pytest.mark.parametrize("dotted", [f"{HERE}.ask", "builtins.max"])
def test_a_check_is_content_with_what_can_be_asked(dotted, settings):
    settings.PRIVATE_MEDIA_READERS = dotted
    assert [error for error in run_checks() if error.id == "media_core.E030"] == []
