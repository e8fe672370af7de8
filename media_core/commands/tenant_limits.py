"""manage.py tenant limits: how much a tenant may keep, how large a file, of which types."""

from argparse import Namespace
from typing import Any

from django.core.management.base import CommandError

from media_core.ledger.used_bytes import read_storage_usage
from media_core.upkeep.recount import Recount, recount
from tenants.binding import bind_tenant
from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.limit_options import add_limit_options, parse_limits
from tenants.commands.tenant_actions import CACHE_NOTE
from tenants.commands.tenant_references import add_reference, find_referenced_tenant, format_tenant
from tenants.commands.text_tables import format_table
from tenants.models import Quota, Tenant
from tenants.schemas.problems import find_schema_problem, require_schema
from tenants.sizes import format_exact_size, format_size
from tenants.tenant_limits import change_limits, describe_quota_shortfall, find_quota, read_limits


def add_limits(actions: Actions) -> None:
    parser = add_action(
        actions,
        limits,
        summary="Show a tenant's limits and usage, or change the limits.",
        examples="""\
examples:
  manage.py tenant limits acme/
  manage.py tenant limits acme/ --quota 10GB --max-upload 50MB --types pdf,image
  manage.py tenant limits acme/ --quota none --max-upload default --types default
  manage.py tenant limits acme/ --versions all
  manage.py tenant limits acme/ --recount --dry-run

A quota below what is kept is allowed: nothing is lost, and nothing more comes in. With fewer versions than before,
those beyond go when a document is replaced the next time. Sizes are plain bytes, or a number with kB, MB, GB, TB
(thousands) or KiB, MiB, GiB, TiB (1024).""",
    )
    add_reference(parser)
    add_limit_options(parser)
    parser.add_argument(
        "--consent",
        choices=("yes", "no"),
        help="whether the agency's staff wait for an admin's consent before they enter",
    )
    parser.add_argument(
        "--recount", action="store_true", help="count the usage again from the ledger; mend it"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing, say what would change"
    )


def limits(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    chosen = _read_changes(asked)
    if chosen:
        _change(command, tenant, chosen, dry_run=asked.dry_run)
    if asked.recount:
        _recount(command, tenant, dry_run=asked.dry_run)
    elif asked.dry_run and not chosen:
        raise CommandError("--dry-run of what? Give a limit to change, or --recount.")
    if not chosen and not asked.recount:
        _show(command, tenant)


def _read_changes(asked: Namespace) -> dict[str, Any]:
    consent = {"requires_consent": asked.consent == "yes"} if asked.consent else {}
    return {**parse_limits(asked), **consent}


def _change(
    command: PlainCommand, tenant: Tenant, chosen: dict[str, Any], *, dry_run: bool
) -> None:
    changes = change_limits(tenant, dry_run=dry_run, **chosen)
    if not changes:
        command.stdout.write(
            f"{format_tenant(tenant)} has these limits already. Nothing was changed."
        )
        return
    said = "would have other limits" if dry_run else f"has other limits; {CACHE_NOTE}"
    command.stdout.write(f"{format_tenant(tenant)} {said}.")
    for change in changes:
        command.stdout.write(f"  {change}")
    row = find_quota(tenant)
    if row and (below := describe_quota_shortfall(Quota(**_build_columns(row, chosen)))):
        command.stdout.write(below)


def _build_columns(row: Quota, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the quota's columns as they are, or in a dry run would be."""
    return {
        "tenant_id": row.tenant_id,
        "quota_bytes": chosen.get("quota_bytes", row.quota_bytes),
        "used_bytes": row.used_bytes,
        "reserved_bytes": row.reserved_bytes,
    }


def _recount(command: PlainCommand, tenant: Tenant, *, dry_run: bool) -> None:
    require_schema(tenant)
    with bind_tenant(tenant, even_suspended=True):
        found = recount(mend=not dry_run)
    if found.agrees:
        command.stdout.write(
            f"The usage of {format_tenant(tenant)} is right: {_format_counts(found)}. Nothing was changed."
        )
        return
    done = "is not right" if dry_run else "was not right and is mended"
    command.stdout.write(
        f"The usage of {format_tenant(tenant)} {done}. Its ledger says {_format_counts(found)}."
    )
    command.stdout.write(
        f"It said {format_exact_size(found.used_bytes)} used, "
        f"{format_exact_size(found.reserved_bytes)} promised to uploads."
    )


def _format_counts(found: Recount) -> str:
    return (
        f"{format_exact_size(found.counted_used_bytes)} used, "
        f"{format_exact_size(found.counted_reserved_bytes)} promised to uploads"
    )


def _show(command: PlainCommand, tenant: Tenant) -> None:
    usage = [*_format_usage(find_quota(tenant)), *_format_usage_by_kind(tenant)]
    rows = [(format_tenant(tenant), ""), *usage, *read_limits(tenant).describe().items()]
    (title, _), *rest = rows
    command.stdout.write(title)
    for line in format_table(*rest).splitlines():
        command.stdout.write(f"  {line}")


def _format_usage(row: Quota | None) -> list[tuple[str, str]]:
    if row is None:
        return [("usage", "unknown: its quota is missing, so nothing is taken in")]
    left = "no limit" if row.left_bytes is None else format_size(row.left_bytes)
    return [
        ("used", format_exact_size(row.used_bytes)),
        ("promised", f"{format_exact_size(row.reserved_bytes)}, to uploads that are under way"),
        ("left", left),
    ]


def _format_usage_by_kind(tenant: Tenant) -> list[tuple[str, str]]:
    """Return what the used bytes are made of, where that is more than documents."""
    if problem := find_schema_problem(tenant):
        return [("unknown", str(problem))]
    with bind_tenant(tenant, even_suspended=True):
        parts = read_storage_usage()
    if not parts.is_mixed:
        return []
    named = [
        ("documents", parts.documents),
        ("files of apps", parts.app_files),
    ]
    return [
        (name, f"{format_exact_size(part.size_bytes)}, {part.objects} object(s)")
        for name, part in named
    ]
