"""manage.py tenant domain: the hosts that lead to a tenant."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tenants.commands.tenant_actions import CACHE_NOTE
from tenants.domains import find_tenant_by_host
from tenants.models import Domain

pytestmark = pytest.mark.django_db


def domain(*arguments: str) -> str:
    """Return what `manage.py tenant domain acme/` says on standard output."""
    said = StringIO()
    call_command("tenant", "domain", "acme/", *arguments, stdout=said)
    return said.getvalue()


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        domain(*arguments)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def test_a_new_domain_leads_nowhere_until_it_is_activated(acme, globex):
    assert "activate files.acme.example" in domain("add", "Files.ACME.example")
    assert find_tenant_by_host("files.acme.example") is None
    assert CACHE_NOTE in domain("activate", "files.acme.example")
    assert find_tenant_by_host("files.acme.example") == acme


def test_a_domain_can_be_added_active(acme):
    said = domain("add", "files.acme.example", "--active")
    assert "https://files.acme.example/ leads to Acme (acme/)" in said
    assert find_tenant_by_host("files.acme.example") == acme


def test_the_primary_domain_can_be_changed_and_the_old_one_removed(acme):
    domain("add", "files.acme.example", "--active")
    domain("primary", "files.acme.example")
    assert "acme.example leads nowhere now" in domain("remove", "acme.example")
    assert list(acme.domains.values_list("domain", "is_primary")) == [("files.acme.example", True)]


@pytest.mark.parametrize(
    ("action", "host", "named"),
    [
        ("add", "globex.example", "choose another host"),
        ("add", "not a host", "'not a host'"),
        ("activate", "globex.example", "no domain of this tenant"),
        ("primary", "globex.example", "no domain of this tenant"),
        ("remove", "globex.example", "no domain of this tenant"),
        ("remove", "acme.example", "make another one primary first"),
    ],
)
def test_a_domain_is_refused_and_another_tenants_stays(acme, globex, action, host, named):
    assert named in refusal(action, host)
    assert Domain.objects.get(domain="globex.example").tenant == globex
