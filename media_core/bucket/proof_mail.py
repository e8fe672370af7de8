"""The mail to the agency's owners that the proof of the bucket grows old."""

from django.conf import settings
from django.urls import reverse

from media_core.bucket.capabilities import Proof, find_proof
from media_core.bucket.models import BucketReport
from media_core.bucket.proof_age import find_old_proof, find_proof_age
from tenants.jobs.mail import queue_mail
from tenants.jobs.mail_templates import MailSender, MailValues, declare_mail_template
from tenants.jobs.models import Mail
from tenants.people.members import list_active_owners


def queue_old_proof_mail(before: BucketReport | None, report: BucketReport, known: Proof) -> None:
    """Queue a mail to each owner when this report, after which so much is known, is the first after the warning date.

    Runs in its transaction. A report that renews the proof queues none. Three statements at most.
    """
    age = find_proof_age(known)
    if not (settings.USE_S3_MEDIA and before and age):
        return
    if before.made_at < age.warns_at <= report.made_at:
        owners = list_active_owners().values_list("person__email", flat=True)
        queue_mail("bucket_proof_old", tenant_id=None, addresses=owners)


@declare_mail_template("bucket_proof_old")
def compose_old_proof_mail(mail: Mail, sender: MailSender) -> MailValues | None:
    """Return how old the proof is now, if an owner reads it; nothing when it was renewed, or a hole was seen."""
    age = find_old_proof(find_proof())
    if age is None or not list_active_owners().filter(person__email=mail.address).exists():
        return None
    pages = {
        "bucket": reverse("agency_bucket:bucket", urlconf=settings.AGENCY_URLCONF),
        "job": reverse("agency_job", args=["bucket_doctor"], urlconf=settings.AGENCY_URLCONF),
    }
    links = {name: sender.build_link(path) for name, path in pages.items()}
    return {"age": age, "bucket_name": settings.BUCKET_NAME, "links": links}
