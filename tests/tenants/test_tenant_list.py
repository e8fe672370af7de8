"""manage.py tenant list: what it shows to people, and as CSV to spreadsheets."""

import csv
from io import StringIO

import pytest

from tenants.models import Quota
from tests.tenants.test_tenant_command import tenant

pytestmark = pytest.mark.django_db


def test_list_shows_every_tenant_with_prefix_domain_status_members_and_usage(acme, globex, hooli):
    Quota.objects.filter(tenant=globex).update(quota_bytes=10**10, used_bytes=2_500_000)
    lines = [line.split("  ") for line in tenant("list").splitlines()]
    lines = [[cell.strip() for cell in line if cell] for line in lines]
    assert lines[0] == [
        "NAME",
        "PREFIX",
        "PRIMARY DOMAIN",
        "STATUS",
        "SCHEMA",
        "MEMBERS",
        "USED",
        "QUOTA",
    ]
    members = [str(one.memberships.count()) for one in (acme, globex, hooli)]
    assert lines[1:] == [
        ["Acme", "acme/", "acme.example", "active", "current", members[0], "0 bytes", "none"],
        ["Globex", "globex/", "globex.example", "active", "current", members[1], "2.5 MB", "10 GB"],
        ["Hooli", "hooli/", "hooli.example", "suspended", "current", members[2], "0 bytes", "none"],
    ]


def test_list_as_csv_is_safe_in_a_spreadsheet(acme, globex):
    tenant("rename", "globex/", '=HYPERLINK("http://evil.example","Globex")')
    lines = list(csv.reader(StringIO(tenant("list", "--csv"), newline="")))
    assert lines[0][:6] == ["name", "prefix", "primary_domain", "status", "schema", "members"]
    assert lines[0][6:] == ["used_bytes", "quota_bytes"]
    names = {line[1]: line[0] for line in lines[1:]}
    assert names["globex/"] == '\'=HYPERLINK("http://evil.example","Globex")'
    assert names["acme/"] == "Acme"


def test_list_as_csv_of_nothing_is_nothing(acme):
    assert tenant("list", "umbrella", "--csv") == ""
