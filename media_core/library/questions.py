"""How a page answers a change: a line on the next page, or a question first."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render

from media_core.errors import WideningNotConfirmed
from media_core.library.forms import RefusableForm
from media_core.library.requesters import build_rights_context
from tenants.errors import GatewayError, NotFound, TooBusy
from tenants.people.identity import Member

logger = logging.getLogger("media_core.library")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before something happens: in words and numbers, with a button that does it and a way back.

    Without a button it cannot be done now, and the sentences say why. What is final has a button that warns.
    """

    title: str
    sentences: Sequence[str]
    button: str
    back: str
    hidden: Sequence[tuple[str, object]] = field(default=())
    is_final: bool = False


def render_question(
    request: HttpRequest, member: Member, question: Question, status: int = HTTPStatus.OK
) -> HttpResponse:
    """Return the page that asks. Its form is sent to the address that was asked for."""
    context = {**build_rights_context(member), "question": question}
    return render(request, "library/ask.html", context, status=status)


def perform_action(request: HttpRequest, work: Callable[[], str]) -> bool:
    """Do what was asked, and leave what it says, or its refusal, as a line for the next page.

    What is not there stays a 404, too much at once a 503, and what has to be asked first is for the caller.
    """
    try:
        messages.success(request, work())
    except (NotFound, TooBusy, WideningNotConfirmed):
        raise
    except GatewayError as refusal:
        messages.error(request, describe_refusal(refusal))
        return False
    return True


def describe_refusal(refusal: GatewayError) -> str:
    """Return what a page says of a refusal. The detail of what is wrong on our side is for the log, where it goes."""
    if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return str(refusal)
    logger.error("%s: %s", refusal.code, refusal, exc_info=refusal)
    return refusal.message


def show_refused(
    refusal: GatewayError, form: RefusableForm, show: Callable[[HTTPStatus], HttpResponse]
) -> HttpResponse:
    """Return the page of a form that was refused, with what was typed and the refusal's status."""
    form.refuse(describe_refusal(refusal))
    response = show(refusal.status)
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(refusal.retry_seconds)
    return response


def redirect_to_folder(folder_id: UUID | None) -> HttpResponseRedirect:
    """Redirect to the page of a folder, or with None to the top."""
    if folder_id is None:
        return redirect("library:documents")
    return redirect("library:folder", folder_id)


def format_count(count: int, noun: str) -> str:
    """Return a number of things in words.

    >>> format_count(1, "folder"), format_count(2, "folder")
    ('1 folder', '2 folders')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_people(count: int) -> str:
    """Return a number of people in words.

    >>> format_people(1), format_people(12)
    ('1 person', '12 people')
    """
    return "1 person" if count == 1 else f"{count} people"


def format_more_people(count: int) -> str:
    """Return how many more people in words.

    >>> format_more_people(1), format_more_people(12)
    ('1 more person', '12 more people')
    """
    return format_people(count).replace(" ", " more ")
