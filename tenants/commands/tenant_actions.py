"""manage.py tenant create, rename, links."""

from argparse import ArgumentTypeError, Namespace

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.limit_options import add_limit_options, parse_limits
from tenants.commands.person_options import write_sign_in_help
from tenants.commands.tenant_references import (
    add_reference,
    build_url,
    find_referenced_tenant,
    format_tenant,
)
from tenants.domains import CACHE_SECONDS, find_primary_domain
from tenants.models import MAX_PRESIGN_SECONDS, Tenant
from tenants.people.members import AddedPerson, add_member
from tenants.people.models import Role
from tenants.provisioning import (
    create_tenant,
    get_longest_link_seconds,
    rename_tenant,
    set_presign_seconds,
)
from tenants.tenant_limits import TenantLimits

CACHE_NOTE = f"running processes hear of it within {CACHE_SECONDS:.0f} s"


def add_create(actions: Actions) -> None:
    parser = add_action(
        actions,
        create,
        summary="Make a tenant, its room in the bucket and its first domain: all, or nothing.",
        examples="""\
examples:
  manage.py tenant create "Acme Tools" --prefix acme/ --domain acme.example
  manage.py tenant create Globex --prefix agency/globex/ --domain files.globex.example \\
      --presign-seconds 60 --admin eve@globex.example --admin-name "Eve Admin" \\
      --quota 10GB --max-upload 50MB --types pdf,image

The prefix stays for ever: it can be neither changed nor given to another tenant.""",
    )
    parser.add_argument("name", metavar="NAME", help="what people call the tenant")
    parser.add_argument("--prefix", required=True, help="its room in the bucket, such as acme/")
    parser.add_argument(
        "--domain", required=True, metavar="HOST", help="its first host, active at once"
    )
    parser.add_argument("--presign-seconds", type=int, metavar="N", help=_build_seconds_help())
    add_limit_options(parser)
    parser.add_argument("--admin", metavar="EMAIL", help="a person who becomes its admin")
    parser.add_argument(
        "--admin-name", default="", metavar="NAME", help="what a new admin is called"
    )


def create(command: PlainCommand, asked: Namespace) -> None:
    if asked.admin_name and not asked.admin:
        raise CommandError("--admin-name says how the admin is called: give --admin EMAIL too.")
    with transaction.atomic():
        tenant = create_tenant(
            name=asked.name,
            location_prefix=asked.prefix,
            domain=asked.domain,
            presign_seconds=asked.presign_seconds,
            limits=TenantLimits(**parse_limits(asked)),
        )
        admin = _add_first_admin(tenant, asked)
    host = find_primary_domain(tenant.id)
    command.stdout.write(f"Created {format_tenant(tenant)}.")
    command.stdout.write(f"  id        {tenant.id}")
    command.stdout.write(f"  location  s3://{settings.BUCKET_NAME}/{tenant.prefix}")
    command.stdout.write(f"  address   {build_url(host)}")
    if admin:
        command.stdout.write(f"  admin     {admin.person.email}")
        write_sign_in_help(command, admin, host)
    else:
        command.stdout.write(f"Next: manage.py tenant member {asked.prefix} add EMAIL --role admin")


def _add_first_admin(tenant: Tenant, asked: Namespace) -> AddedPerson | None:
    if not asked.admin:
        return None
    return add_member(tenant=tenant, email=asked.admin, role=Role.ADMIN, name=asked.admin_name)


def add_rename(actions: Actions) -> None:
    parser = add_action(
        actions,
        rename_,
        summary="Give a tenant another name. Its prefix, domains and links stay.",
        examples='example:\n  manage.py tenant rename acme/ "Acme Tools Ltd"',
    )
    add_reference(parser)
    parser.add_argument("name", metavar="NEWNAME", help="what people call the tenant from now on")


def rename_(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    before = format_tenant(tenant)
    rename_tenant(tenant, asked.name)
    tenant.refresh_from_db()
    command.stdout.write(f"{before} is now {format_tenant(tenant)}.")


def add_links(actions: Actions) -> None:
    parser = add_action(
        actions,
        links,
        summary="Say how long a tenant's presigned links live, in seconds.",
        examples="""\
examples:
  manage.py tenant links acme/ --seconds 60
  manage.py tenant links acme/ --seconds default""",
    )
    add_reference(parser)
    parser.add_argument(
        "--seconds",
        type=_parse_seconds,
        required=True,
        metavar="N|default",
        help=_build_seconds_help(),
    )


def _build_seconds_help() -> str:
    return (
        f"how long links live: 1 to {MAX_PRESIGN_SECONDS}; by default PRESIGNED_URL_EXPIRATION "
        f"({settings.PRESIGNED_URL_EXPIRATION} here), audio and video {MAX_PRESIGN_SECONDS}"
    )


def _parse_seconds(text: str) -> int | None:
    if text == "default":
        return None
    if not (text.isascii() and text.isdecimal()):
        raise ArgumentTypeError(
            f"{text!r} is no number of seconds: give 1 to {MAX_PRESIGN_SECONDS}, or default"
        )
    return int(text)


def links(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    before = get_longest_link_seconds(tenant)
    set_presign_seconds(tenant, asked.seconds)
    chosen = f"{asked.seconds} s" if asked.seconds else "as long as the deployment says"
    command.stdout.write(f"Links of {format_tenant(tenant)} live {chosen}; {CACHE_NOTE}.")
    command.stdout.write(f"Links given out before live on, up to {before} s.")
