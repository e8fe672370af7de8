"""The mail with a way to a new password. It needs allauth, which a project with users of its own does not have."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from tenants.binding import get_bound_tenant_id
from tenants.jobs.mail import queue_mail
from tenants.jobs.mail_templates import MailSender, MailValues, declare_mail_template
from tenants.jobs.models import Mail
from tenants.people.backends import belongs_here
from tenants.people.models import Person


def queue_password_reset(address: str) -> None:
    """Have a link for a new password sent to whoever has this address on the bound host, if anybody. Two statements."""
    queue_mail("password_reset", tenant_id=get_bound_tenant_id(), addresses=[address])


@declare_mail_template("password_reset")
def compose_password_reset(mail: Mail, sender: MailSender) -> MailValues | None:
    """Return the link for the person of this address, if they belong to the bound host and it is served."""
    person = Person.objects.filter(email=mail.address, is_active=True).first()
    if person is None or not belongs_here(person) or not sender.is_served:
        return None
    token = default_token_generator.make_token(person)
    path = reverse(
        "account_reset_password_from_key",
        urlconf=settings.ROOT_URLCONF,
        kwargs={"uidb36": user_pk_to_url_str(person), "key": token},
    )
    return {"link": sender.build_link(path)}
