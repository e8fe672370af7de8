"""What mails say. Their texts are files; the owner of a template says whether there is something to send, and what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from django.conf import settings
from django.core.mail import EmailMessage
from django.template import Context, Engine

from tenants.binding import AGENCY, get_binding
from tenants.domains import build_origin, find_primary_domain
from tenants.jobs.models import Mail


@dataclass(frozen=True, slots=True)
class MailSender:
    """Whom a mail speaks for: a tenant, or the agency. Made of what we know, never of a request."""

    name: str
    host: str
    # Whether links to its pages lead anywhere.
    is_served: bool

    def build_link(self, path: str) -> str:
        """Return the address of a page on its host."""
        return f"{build_origin(self.host)}{path}"


MailValues: TypeAlias = Mapping[str, object]
# Returns None when there is nothing to send any more.
Compose: TypeAlias = Callable[[Mail, MailSender], MailValues | None]

_templates: dict[str, Compose] = {}


def declare_mail_template(name: str) -> Callable[[Compose], Compose]:
    """Return the decorator of the function that says what stands in the mails of a template.

        @mail_template("password_reset")
        def compose_password_reset(mail: Mail, sender: MailSender) -> MailValues | None: ...

    It runs right before a mail is sent, bound to its tenant or to the agency, and returns the values for
    `mail/<name>_subject.txt` and `mail/<name>.txt`, which know `sender` too. With None the mail is dropped: whoever it
    was for is unknown, or has left.
    """

    def register(compose: Compose) -> Compose:
        if name in _templates:
            raise ValueError(f"There is a mail template named {name} already.")
        _templates[name] = compose
        return compose

    return register


def list_templates() -> list[str]:
    """Return the names of the templates that this code knows."""
    return sorted(_templates)


def find_sender() -> MailSender | None:
    """Return whom mail speaks for now; None for a tenant without an active domain, to which no link leads."""
    whose = get_binding()
    if whose is AGENCY:
        return MailSender("the agency", settings.AGENCY_HOST, is_served=True)
    host = find_primary_domain(whose.id)
    return MailSender(whose.name, host, is_served=whose.is_served) if host else None


def render_mail(mail: Mail) -> EmailMessage | None:
    """Return the mail as it is to be sent now, or None when there is nothing to send any more."""
    sender = find_sender()
    values = _templates[mail.template](mail, sender) if sender else None
    if values is None:
        return None
    context = {**values, "sender": sender}
    return EmailMessage(
        # A header is one line, whatever is in a name.
        subject=" ".join(_render(f"{mail.template}_subject.txt", context).split()),
        body=_render(f"{mail.template}.txt", context),
        to=[mail.address],
        headers={
            # The same at each try: who got it twice can tell.
            "Message-ID": f"<{mail.id}@{settings.AGENCY_HOST}>",
            # RFC 3834: nobody's absence is to be answered to us.
            "Auto-Submitted": "auto-generated",
        },
    )


def _render(name: str, values: MailValues) -> str:
    template = Engine.get_default().get_template(f"mail/{name}")
    return template.render(Context(dict(values), autoescape=False))
