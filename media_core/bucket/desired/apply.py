"""Set the bucket up: read, merge, read again, write, read back, part by part."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus

from botocore.exceptions import ClientError
from django.db import connection

from media_core.bucket.bucket_errors import get_error_code, get_status
from media_core.bucket.desired.cors import Cors, list_origins
from media_core.bucket.desired.lifecycle import Lifecycle, list_prefixes
from media_core.bucket.desired.public_policy import PublicPolicy
from media_core.bucket.desired.rules import format_rule, get_rule_name
from media_core.bucket.desired.section import Configuration, ConfigurationSection, Difference
from media_core.bucket.marker import require_ownership
from media_core.errors import ApplyRefused, BucketRefused
from tenants.errors import GatewayError
from tenants.models import Tenant

# PostgreSQL knows an advisory lock by two numbers; the first is a kind, and 1 is taken by upgrades of tenants.
ADVISORY_LOCK = [2, 1]
MAX_TRIES = 5
# Before the second try; each later one waits longer by the same. Some stores answer with the old for a moment.
WAIT_SECONDS = 0.2
UNSUPPORTED_STATUSES = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})


def list_sections() -> list[ConfigurationSection]:
    """Return what is set up, each part with what it is to have. Two queries."""
    tenants = list(Tenant.objects.order_by("created_at", "id"))
    return [Cors(list_origins()), Lifecycle(list_prefixes(tenants)), PublicPolicy(tenants)]


def list_differences() -> list[Difference]:
    """Return what `apply` would change, part by part; nothing is changed. Two queries, three requests.

    A difference is true when there is something to change, and has a trouble where the bucket cannot be asked.
    """
    return [_attempt(part, _compare_section) for part in list_sections()]


def apply() -> list[Difference]:
    """Give the bucket what it is to have; return what was changed, part by part.

    Raises BucketOfAnother. What one part cannot have keeps no other from its own: it says so in its trouble. Two runs
    of one deployment wait for each other. Buckets have no "write only if unchanged" for this, so a writer that is not
    us is noticed between any two of our requests but the last reading and the write after it.

    At most three queries; three requests for a part that is as it should be, four for one that is changed.
    """
    with lock_configuration():
        require_ownership()
        return [_attempt(part, _apply_section) for part in list_sections()]


@contextmanager
def lock_configuration() -> Iterator[None]:
    """Let no other run of this deployment change the bucket's configuration meanwhile.

    The lock is the connection's, so it ends with the process. Two statements.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", ADVISORY_LOCK)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", ADVISORY_LOCK)


def _attempt(
    part: ConfigurationSection, attempt: Callable[[ConfigurationSection], Difference]
) -> Difference:
    """Return what came of it, or why nothing did; where nothing is wanted, a refusal is none."""
    try:
        return attempt(part)
    except (ClientError, GatewayError) as error:
        if _is_refused(error) and not part.wanted([]):
            return Difference(part=part.name)
        return Difference(part=part.name, trouble=_describe_error(part, error))


def _is_refused(error: ClientError | GatewayError) -> bool:
    """Return whether the bucket does not let us, or nobody, do this at all."""
    if isinstance(error, ClientError):
        return get_status(error) in UNSUPPORTED_STATUSES
    return isinstance(error, BucketRefused)


def _describe_error(part: ConfigurationSection, error: ClientError | GatewayError) -> str:
    if isinstance(error, ApplyRefused):
        return error.detail
    if not isinstance(error, ClientError):
        return f"{error} {part.instead}" if _is_refused(error) else str(error)
    verb = "does not do this" if _is_refused(error) else "refused it"
    return f"The bucket {verb} ({get_status(error)} {get_error_code(error)}). {part.instead}"


def _compare_section(part: ConfigurationSection) -> Difference:
    found = part.read()
    difference = part.difference(found)
    if difference:
        # What would be refused is said before anything is tried.
        part.merge(found)
    return difference


def _apply_section(part: ConfigurationSection) -> Difference:
    """Write until what is read back is as it should be; raise ApplyRefused when it never is."""
    found = part.read()
    done, lost = part.difference(found), list[str]()
    for attempt in range(MAX_TRIES):
        if not part.difference(found):
            return replace(done, lost=lost)
        time.sleep(WAIT_SECONDS * attempt)
        found, gone = _write_once(part, found)
        lost += gone
    if part.difference(found):
        raise ApplyRefused(
            f"After {MAX_TRIES} tries the bucket's {part.name} is not what was written: something else keeps changing "
            "it, or the bucket does not keep it. Run it again when nothing else sets the bucket up."
        )
    return replace(done, lost=lost)


def _write_once(
    part: ConfigurationSection, found: Configuration
) -> tuple[Configuration, list[str]]:
    """Return what the bucket has after one try, and what others lost by it; nothing is written over a change."""
    merged = part.merge(found)
    again = part.read()
    if part.has_changed(found, again):
        return again, []
    part.write(merged)
    after = part.read()
    lost = part.lost(merged, after)
    return after, [f"{get_rule_name(rule)}: {', '.join(format_rule(rule))}" for rule in lost]
