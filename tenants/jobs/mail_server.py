"""The mail server as a worker speaks to it: one connection for a step, and what its refusals mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from smtplib import (
    SMTPDataError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from time import monotonic
from types import TracebackType
from typing import Self

import django
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from tenants.breaker import Breaker
from tenants.errors import MailServerUnavailable

# RFC 5321, 3.8: the server is about to close the connection, whatever it was asked.
SMTP_CLOSING = 421
FIRST_PERMANENT_CODE = 500
# A server that did not answer in time is asked by nobody in this process for so long.
TIMEOUT_PAUSE_SECONDS = 30.0
# A person waits for the answer of `manage.py check`.
CHECK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class MailRefusal:
    """Why the server did not take one mail; other mails may well be taken."""

    code: str
    is_final: bool


@contextmanager
def _open_breaker_on_timeout(connection: BaseEmailBackend) -> Iterator[None]:
    """Open the breaker when the block fails because an answer did not come in time."""
    began, limit = monotonic(), getattr(connection, "timeout", None)
    try:
        yield
    except OSError:
        if limit and monotonic() - began >= limit:
            _breaker.open(TIMEOUT_PAUSE_SECONDS)
        raise


# A server that did not answer a moment ago is not asked again yet: each try would block a thread.
_breaker = Breaker()


class MailServer:
    """A connection to the mail server, opened for the first mail and closed at the end of the block."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        # The server has greeted us.
        self.is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is None:
            return
        try:
            self._connection.close()
        except OSError:
            # It has taken, or refused, what it was given.
            return

    def send(self, message: EmailMessage) -> MailRefusal | None:
        """Hand over a mail; return why the server did not take it, if it did not.

        Raises MailServerUnavailable when it takes no mail at all. Waits for no answer longer than EMAIL_TIMEOUT.
        """
        connection = self._open()
        try:
            with _open_breaker_on_timeout(connection):
                connection.send_messages([message])
        except OSError as error:  # smtplib's errors are OSErrors, too
            refusal = read_refusal(error)
            if refusal is None:
                raise MailServerUnavailable(describe_smtp_error(error)) from error
            return refusal
        except ValueError as error:  # an address or a header that cannot be written
            return MailRefusal(type(error).__name__, is_final=True)
        return None

    def _open(self) -> BaseEmailBackend:
        if self._connection is None:
            if _breaker.is_open():
                raise MailServerUnavailable("It did not answer a moment ago.")
            # Kept also when it does not open: half of a session must be closed, too.
            self._connection = make_mail_connection()
            try:
                with _open_breaker_on_timeout(self._connection):
                    self._connection.open()
            except OSError as error:
                raise MailServerUnavailable(describe_smtp_error(error)) from error
            self.is_open = True
        return self._connection


def make_mail_connection() -> BaseEmailBackend:
    """Return a new connection to the server of EMAIL_URL, not opened yet."""
    return mail.get_connection() if django.VERSION < (6, 1) else mail.mailers.default


def require_mail_server() -> None:
    """Connect to the server of EMAIL_URL and sign in there, or make its folder; send nothing.

    Raises: MailServerUnavailable after five seconds at most, ImproperlyConfigured for a folder that cannot be made.
    """
    connection = make_mail_connection()
    if isinstance(connection, SmtpBackend):
        connection.timeout = min(connection.timeout or CHECK_SECONDS, CHECK_SECONDS)
    try:
        connection.open()
        connection.close()
    except OSError as error:
        place = f"{getattr(connection, 'host', '')}:{getattr(connection, 'port', '')}"
        raise MailServerUnavailable(f"{place} answered {describe_smtp_error(error)}.") from error


def read_refusal(error: OSError) -> MailRefusal | None:
    """Return why one mail was not taken, or None when the server takes none.

    A refused sender is none of a mail's faults: DEFAULT_FROM_EMAIL is the same for all.

    >>> read_refusal(SMTPRecipientsRefused({"ada@acme.example": (550, b"No such user")}))
    MailRefusal(code='SMTP 550', is_final=True)
    >>> read_refusal(SMTPDataError(451, b"Try again later"))
    MailRefusal(code='SMTP 451', is_final=False)
    >>> read_refusal(SMTPDataError(421, b"Going away")), read_refusal(ConnectionRefusedError())
    (None, None)
    """
    if isinstance(error, SMTPNotSupportedError):
        return MailRefusal("SMTPNotSupported", is_final=True)
    if isinstance(error, SMTPRecipientsRefused):
        # A mail has one recipient.
        ((code, _),) = error.recipients.values()
    elif isinstance(error, SMTPDataError):
        code = error.smtp_code
    else:
        return None
    return (
        None
        if code == SMTP_CLOSING
        else MailRefusal(f"SMTP {code}", is_final=code >= FIRST_PERMANENT_CODE)
    )


def describe_smtp_error(error: OSError) -> str:
    """Return what is wrong, for the log, without anybody's address."""
    name = type(error).__name__
    if isinstance(error, SMTPResponseException):
        # The server's own words may quote a recipient or an account.
        return f"{name}: {error.smtp_code}"
    return name if isinstance(error, SMTPRecipientsRefused) else f"{name}: {error}"
