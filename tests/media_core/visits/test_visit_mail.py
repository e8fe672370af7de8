"""The admins of a tenant are mailed when somebody of the agency asks to enter, and when they have entered."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from media_core.documents.permissions import require_admin
from media_core.visits import flow
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.people.members import add_member, change_role, remove_member
from tenants.people.models import Person, Role
from tenants.people.visit_models import Visit
from tenants.provisioning import set_requires_consent, suspend_tenant
from tests.conftest import member
from tests.mailing import mail_of, send_mail_of
from tests.visiting import REASON, asked_visit, entered, visiting

pytestmark = pytest.mark.django_db

ADA, UMA = "ada@acme.example", "uma@acme.example"
ASKED = "Otto (agency) asks to enter Acme (acme.example)"
BEGUN = "Otto (agency) has entered Acme (acme.example)"


@pytest.fixture(autouse=True)
def _uma(acme, globex, people):
    """Acme has a second admin in every test of this file."""
    add_member(tenant=acme, email=UMA, role=Role.ADMIN)


def sent(tenant: Tenant) -> list[tuple[str, str]]:
    """Send a tenant's mail; return to whom it went and its subject."""
    mail.outbox.clear()
    send_mail_of(tenant)
    return [(one.to[0], str(one.subject)) for one in mail.outbox]


def body() -> str:
    """Return the text of the mail that was sent last, its spaces made one."""
    return " ".join(str(mail.outbox[-1].body).split())


def test_every_admin_and_nobody_else_is_told_of_a_request(acme, globex, otto):
    asked_visit(otto, acme)
    assert sorted(sent(acme)) == [(ADA, ASKED), (UMA, ASKED)]
    assert sent(globex) == []


def test_every_admin_is_told_when_the_visit_begins(acme, otto):
    visiting(otto, acme)
    assert sorted(sent(acme)) == sorted(
        (address, subject) for address in (ADA, UMA) for subject in (ASKED, BEGUN)
    )
    assert "https://acme.example/visits" in body()


@pytest.mark.parametrize(("may_write", "access"), [(False, "read-only"), (True, "may change documents")])  # fmt: skip
def test_the_mail_says_why_and_how_far(may_write, access, acme, otto):
    asked_visit(otto, acme, may_write=may_write)
    sent(acme)
    assert f"Reason: {REASON} Access: {access} Asked: " in body()
    assert "https://acme.example/visits" in body()


def test_a_request_that_waits_for_consent_says_so(acme, otto):
    set_requires_consent(acme, required=True)
    asked_visit(otto, acme)
    sent(acme)
    assert "They wait for the consent of an admin, until " in body()


def test_a_request_that_waits_for_nobody_says_so(acme, otto):
    asked_visit(otto, acme)
    sent(acme)
    assert "They may enter until " in body()
    assert "for 60 minutes at most" in body()


def test_a_visit_that_goes_on_says_until_when(acme, otto):
    visiting(otto, acme)
    sent(acme)
    ends_at = Visit.objects.get().ends_at
    assert ends_at is not None
    assert f"The visit ends at {ends_at:%-d %b %Y, %H:%M} UTC at the latest" in body()


def test_what_is_over_is_told_all_the_same(acme, otto, people):
    visit = asked_visit(otto, acme)
    with bind_tenant(acme):
        flow.refuse(visit.id, admin=require_admin(member(people["ada"], acme)))
    assert sorted(sent(acme)) == [(ADA, ASKED), (UMA, ASKED)]
    assert "The request is not open any more" in body()


def test_a_visit_that_ended_is_told_all_the_same(acme, otto):
    entered(asked_visit(otto, acme)).post("/visit/leave")
    sent(acme)
    assert "The visit is over" in body()


def test_an_admin_who_is_none_any_more_gets_nothing(acme, otto):
    asked_visit(otto, acme)
    change_role(acme, UMA, Role.EDITOR)
    assert sent(acme) == [(ADA, ASKED)]


def test_an_admin_who_was_removed_gets_nothing(acme, otto):
    asked_visit(otto, acme)
    remove_member(acme, UMA)
    assert sent(acme) == [(ADA, ASKED)]
    assert not mail_of(acme).filter(address=UMA).exists()


def test_an_inactive_admin_is_not_even_queued(acme, otto):
    Person.objects.filter(email=UMA).update(is_active=False)
    asked_visit(otto, acme)
    assert [row.address for row in mail_of(acme)] == [ADA]


def test_suspending_the_tenant_hides_no_visit(acme, otto):
    visiting(otto, acme)
    suspend_tenant(acme)
    assert len(sent(acme)) == 4
    assert "The visit is over" not in body()


def test_a_step_that_is_not_taken_mails_nobody(acme, otto):
    visit = asked_visit(otto, acme)
    mail_of(acme).delete()
    Visit.objects.filter(pk=visit.pk).update(asked_at=timezone.now() - timedelta(days=2))
    with pytest.raises(AssertionError):
        entered(visit)
    assert not mail_of(acme).exists()


def test_the_rows_hold_ids_only(acme, otto):
    visit = asked_visit(otto, acme)
    assert [row.parameters for row in mail_of(acme)] == [{"visit_id": str(visit.id)}] * 2
