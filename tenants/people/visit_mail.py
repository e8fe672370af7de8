"""What a tenant's admins are mailed: that somebody of the agency asks to come in, or does."""

from django.conf import settings
from django.urls import reverse

from tenants.binding import get_bound_tenant_id
from tenants.jobs.mail import queue_mail
from tenants.jobs.mail_templates import MailSender, MailValues, declare_mail_template
from tenants.jobs.models import Mail
from tenants.people.members import list_active_admins
from tenants.people.visit_models import VISIT_LIFETIME, Visit


def queue_visit_mail(template: str, visit: Visit) -> None:
    """Have the admins of the visited tenant told of a visit. Three statements, for the caller's transaction."""
    admins = list_active_admins(visit.tenant_id).values_list("person__email", flat=True)
    queue_mail(
        template,
        tenant_id=visit.tenant_id,
        addresses=admins,
        parameters={"visit_id": str(visit.id)},
    )


@declare_mail_template("visit_asked")
@declare_mail_template("visit_begun")
def compose_visit_mail(mail: Mail, sender: MailSender) -> MailValues | None:
    """Return how the visit stands now, if it is read by an admin. Also when it is over: what was done is told."""
    if not list_active_admins(get_bound_tenant_id()).filter(person__email=mail.address).exists():
        return None
    return {
        "visit": Visit.objects.get(pk=mail.parameters["visit_id"], tenant=get_bound_tenant_id()),
        "minutes": int(VISIT_LIFETIME.total_seconds() // 60),
        "link": sender.build_link(reverse("visits:visits", urlconf=settings.ROOT_URLCONF)),
    }
