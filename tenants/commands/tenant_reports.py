"""manage.py tenant list, show."""

import json
from argparse import Namespace
from typing import Any

from django.conf import settings

from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.tenant_references import add_reference, find_referenced_tenant
from tenants.commands.text_tables import format_table
from tenants.csv_cells import format_csv
from tenants.models import MAX_PRESIGN_SECONDS, Quota, Tenant
from tenants.provisioning import list_tenants
from tenants.schema_versions import describe_version_state, get_schema_version
from tenants.sizes import format_size
from tenants.tenant_limits import describe_upload_max, find_quota, versions_in_words

FIRST_TENANT_HINT = (
    'Make the first: manage.py tenant create "Acme Tools" --prefix acme/ --domain acme.example'
)


def add_list(actions: Actions) -> None:
    parser = add_action(
        actions,
        list_,
        summary="List the tenants: name, prefix, primary domain, status, members, usage and quota.",
        examples="""\
examples:
  manage.py tenant list
  manage.py tenant list globex --status suspended
  manage.py tenant list --json | jq -r '.[].prefix'
  manage.py tenant list --csv > tenants.csv""",
    )
    parser.add_argument(
        "query", nargs="?", default="", metavar="QUERY", help="part of a name, prefix or domain"
    )
    parser.add_argument("--status", default="", choices=Tenant.Status.values, help="only these")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON array")
    form.add_argument("--csv", action="store_true", help="print CSV, safe for spreadsheets")


def list_(command: PlainCommand, asked: Namespace) -> None:
    found = list_tenants(query=asked.query, status=asked.status).iterator()
    rows = [_build_row(tenant) for tenant in found]
    if asked.json:
        command.stdout.write(_format_json(rows))
    elif asked.csv:
        text = format_csv([[*rows[0]], *(list(row.values()) for row in rows)] if rows else [])
        command.stdout.write(text, ending="")
    elif rows:
        command.stdout.write(format_table(TITLES, *(_format_cells(row) for row in rows)))
    else:
        command.stdout.write(_describe_empty_list(asked.query, asked.status))


TITLES = ("NAME", "PREFIX", "PRIMARY DOMAIN", "STATUS", "SCHEMA", "MEMBERS", "USED", "QUOTA")


def _format_cells(row: dict[str, Any]) -> list[str]:
    """Return the cells of a tenant for people: sizes in their units."""
    *plain, used, quota = row.values()
    return [*map(str, plain), _format_size_or(used, "?"), _format_size_or(quota, "none")]


def _format_size_or(size_bytes: int | None, nothing: str) -> str:
    return nothing if size_bytes is None else format_size(size_bytes)


def _describe_empty_list(query: str, status: str) -> str:
    given = [f"QUERY {query!r}"] * bool(query) + [f"--status {status}"] * bool(status)
    return (
        f"No tenant fits {' and '.join(given)}."
        if given
        else f"There is no tenant yet. {FIRST_TENANT_HINT}"
    )


def _build_row(tenant: Any) -> dict[str, Any]:
    return {
        "name": tenant.name,
        "prefix": tenant.location_prefix,
        "primary_domain": tenant.primary_domain or "",
        "status": tenant.status,
        "schema": describe_version_state(tenant.schema_version, tenant.oldest_code),
        "members": tenant.member_count,
        **_build_usage(getattr(tenant, "quota", None)),
    }


def _build_usage(quota: Quota | None) -> dict[str, int | None]:
    """Return what a tenant keeps, with what is promised to uploads, and may keep; nothing where its row is missing."""
    if quota is None:
        return {"used_bytes": None, "quota_bytes": None}
    return {"used_bytes": quota.taken_bytes, "quota_bytes": quota.quota_bytes}


def add_show(actions: Actions) -> None:
    parser = add_action(
        actions,
        show,
        summary="Show all of a tenant: room, status, schema, lifetime of links, domains, members.",
        examples="""\
examples:
  manage.py tenant show acme/
  manage.py tenant show acme.example --json""",
    )
    add_reference(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def show(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    facts = build_tenant_report(tenant)
    command.stdout.write(_format_json(facts) if asked.json else _format_report(facts))


def build_tenant_report(tenant: Tenant) -> dict[str, Any]:
    """Return all that is known of the tenant, none of it content. Four queries."""
    members = tenant.memberships.select_related("person")
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "status": tenant.status,
        "prefix": tenant.location_prefix,
        "location": f"s3://{settings.BUCKET_NAME}/{tenant.prefix}",
        "schema_name": tenant.schema_name,
        "schema_version": tenant.schema_version,
        "schema": describe_version_state(tenant.schema_version, tenant.oldest_code),
        "presign_seconds": tenant.presign_seconds,
        **_build_usage(find_quota(tenant)),
        "upload_max_bytes": tenant.upload_max_bytes,
        "file_groups": list(tenant.file_groups),
        "versions_kept": tenant.versions_kept,
        "requires_consent": tenant.requires_consent,
        "created_at": tenant.created_at.isoformat(timespec="seconds"),
        "domains": [
            {"domain": row.domain, "state": row.state, "is_primary": row.is_primary}
            for row in tenant.domains.all()
        ],
        "members": [
            {"email": row.person.email, "role": row.role, "name": row.person.name}
            for row in members
        ],
    }


def _format_report(facts: dict[str, Any]) -> str:
    lines = [
        ("id", facts["id"]),
        ("status", facts["status"]),
        ("prefix", facts["prefix"]),
        ("location", facts["location"]),
        ("schema", facts["schema_name"]),
        ("version", _format_version(facts)),
        ("links live", _format_lifetime(facts["presign_seconds"])),
        ("used", _format_usage(facts)),
        ("largest file", describe_upload_max(facts["upload_max_bytes"])),
        ("types", ",".join(facts["file_groups"])),
        ("versions kept", versions_in_words(facts["versions_kept"])),
        ("consent", "asked for" if facts["requires_consent"] else "not asked for"),
        ("created", facts["created_at"]),
    ]
    domains = [(d["domain"], d["state"], "primary" * d["is_primary"]) for d in facts["domains"]]
    members = [(m["email"], m["role"], m["name"]) for m in facts["members"]]
    return "\n".join(
        [
            facts["name"],
            _indent_table(lines),
            "domains",
            _indent_table(domains),
            "members",
            _indent_table(members or [("nobody yet", "", "")]),
        ]
    )


def _format_usage(facts: dict[str, Any]) -> str:
    if facts["used_bytes"] is None:
        return "unknown: its quota is missing, so nothing is taken in"
    return (
        f"{format_size(facts['used_bytes'])}, quota {_format_size_or(facts['quota_bytes'], 'none')}"
    )


def _indent_table(rows: list[Any]) -> str:
    return "\n".join(f"  {line}" for line in format_table(*rows).splitlines())


def _format_version(facts: dict[str, Any]) -> str:
    version, schema = facts["schema_version"], facts["schema"]
    return (
        version
        if schema == "current"
        else f"{version} ({schema}; this code: {get_schema_version()})"
    )


def _format_lifetime(seconds: int | None) -> str:
    if seconds is not None:
        return f"{seconds} s"
    return (
        f"{settings.PRESIGNED_URL_EXPIRATION} s, audio and video {MAX_PRESIGN_SECONDS} s (default)"
    )


def _format_json(facts: Any) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False)
