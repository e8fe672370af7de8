"""What a mail says is the tenant's, whatever the request said, and whatever is in a name."""

import re

import pytest
from django.conf import settings as django_settings

from tenants.models import Tenant
from tenants.provisioning import add_domain, make_domain_primary
from tests.conftest import browser_at
from tests.mailing import mail_of, queue_reset, send_mail_of

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
ADA, EVE, OLGA = "ada@acme.example", "eve@globex.example", "olga@agency.example"


@pytest.mark.parametrize("host", ["ACME.example.:8443", "acme.example:1337", "files.acme.example"])
def test_it_names_the_tenant_and_its_primary_domain(host, acme, smtp):
    add_domain(acme, "files.acme.example", active=True)
    make_domain_primary(acme, "files.acme.example")
    browser_at(host).post(RESET, {"email": ADA})
    send_mail_of(acme)
    (mail,) = smtp.mails
    assert mail.subject == "Set a new password for Acme (files.acme.example)"
    assert "on Acme (files.acme.example)" in mail.body
    links = re.findall(r"\S+://\S+", mail.body)
    assert [link.partition("/key/")[0] for link in links] == [
        f"https://files.acme.example{RESET.rstrip('/')}"
    ]


def test_the_first_active_domain_stands_in_for_a_primary_one(acme, smtp):
    add_domain(acme, "b.acme.example", active=True)
    add_domain(acme, "a.acme.example")
    acme.domains.filter(domain="acme.example").update(state="pending")
    queue_reset(acme, ADA)
    send_mail_of(acme)
    assert smtp.subjects() == ["Set a new password for Acme (b.acme.example)"]


def test_the_agencys_mail_names_the_agency_and_its_host(smtp):
    browser_at(f"{django_settings.AGENCY_HOST}:8443").post(RESET, {"email": OLGA})
    send_mail_of(None)
    (mail,) = smtp.mails
    host = django_settings.AGENCY_HOST
    assert mail.subject == f"Set a new password for the agency ({host})"
    assert f"\nhttps://{host}/accounts/password/reset/key/" in mail.body


@pytest.mark.parametrize(("port", "host"), [(0, "acme.example"), (8000, "acme.example:8000")])
def test_without_https_the_port_is_that_of_the_settings(port, host, acme, smtp, settings):
    settings.HTTPS_ONLY, settings.HTTP_PORT = False, port
    queue_reset(acme, ADA)
    send_mail_of(acme)
    assert f"\nhttp://{host}/accounts/" in smtp.mails[0].body


def test_a_tenant_without_an_active_domain_mails_nobody(acme, smtp):
    queue_reset(acme, ADA)
    acme.domains.update(state="pending")
    send_mail_of(acme)
    assert (smtp.mails, mail_of(acme).exists()) == ([], False)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x85"])
def test_a_line_break_in_a_name_adds_no_header(end, acme, smtp):
    Tenant.objects.filter(pk=acme.pk).update(name=f"Acme{end}Bcc: eve@globex.example{end}{end}Hi")
    queue_reset(acme, ADA)
    send_mail_of(acme)
    (mail,) = smtp.mails
    assert mail.subject == "Set a new password for Acme Bcc: eve@globex.example Hi (acme.example)"
    assert (mail.recipients, mail.message["Bcc"]) == ([ADA], None)


def test_a_name_is_written_as_it_is(acme, smtp):
    Tenant.objects.filter(pk=acme.pk).update(name="Müller & “Söhne” <GmbH>")
    queue_reset(acme, ADA)
    send_mail_of(acme)
    (mail,) = smtp.mails
    assert mail.subject == "Set a new password for Müller & “Söhne” <GmbH> (acme.example)"
    assert "on Müller & “Söhne” <GmbH> (acme.example)" in mail.body


def test_two_tenants_mails_are_never_mixed(acme, globex, smtp):
    queue_reset(acme, ADA, "max@freelance.example")
    queue_reset(globex, EVE, "max@freelance.example")
    send_mail_of(globex)
    assert set(smtp.subjects()) == {"Set a new password for Globex (globex.example)"}
    assert smtp.recipients() == [EVE, "max@freelance.example"]
    send_mail_of(acme)
    assert smtp.subjects()[2:] == ["Set a new password for Acme (acme.example)"] * 2
    assert not [mail for mail in smtp.mails[2:] if "globex" in mail.message.as_string()]


def test_a_mail_asks_for_no_automatic_reply(acme, smtp):
    queue_reset(acme, ADA)
    send_mail_of(acme)
    assert smtp.mails[0].message["Auto-Submitted"] == "auto-generated"


def test_a_row_holds_no_link_and_no_secret(acme, smtp):
    queue_reset(acme, ADA)
    send_mail_of(acme)
    row = mail_of(acme).values().get()
    (key,) = re.findall(r"/reset/key/(\S+)/", smtp.mails[0].body)
    assert (row["template"], row["address"], row["parameters"]) == ("password_reset", ADA, {})
    assert not [value for value in row.values() if key in str(value) or "http" in str(value)]
