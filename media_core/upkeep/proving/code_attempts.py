"""Inside the gateway: what code that is bound to one tenant can make of another tenant's names, keys and rows."""

from collections.abc import Callable, Iterator

from media_core.app_files.storages import PrivateAppStorage
from media_core.documents.models import Document
from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.storages.shared_bucket import get_bucket_storage
from media_core.storages.tenant_storage import find_storage, sign_url
from media_core.upkeep.proving.attempts import Attempt, AttemptKind, Control, Result, Verdict
from media_core.upkeep.proving.canaries import FILE_NAME
from media_core.upkeep.proving.gateway_attempts import Targets
from tenants.binding import bind_tenant, bound_tenant
from tenants.errors import GatewayError
from tenants.models import Tenant
from tenants.prefixes import PRIVATE_AREA

# What a refusal looks like from inside.
REFUSALS = (GatewayError, FileNotFoundError, ValueError)
CodeAttempt = Callable[[Targets, StoredObject], object]


def _build_climbing_name(to: Targets) -> str:
    """Return a name that would lead from a private area into the canary's room, if names were paths."""
    up = "../" * len(f"{bound_tenant().prefix}{PRIVATE_AREA}".split("/"))
    return f"{up}{to.app.key}"


def _build_key_as_name(to: Targets) -> str:
    """Return a name that ends in the canary's key, as for a prefix that is only put before it."""
    return str(to.app.key)


ATTEMPTS: dict[str, CodeAttempt] = {
    "sign its row": lambda _to, row: sign_url(row, file_name=FILE_NAME),
    "read its row": lambda _to, row: find_storage(row).read(row).__enter__(),
    "find its row": lambda to, _row: StoredObject.objects.filter(pk=to.document.row_id).exists(),
    "find its document": lambda to, _row: Document.objects.filter(pk=to.document.row_id).exists(),
    "open its name": lambda to, _row: PrivateAppStorage().open(to.app.app_name),
    "find its name": lambda to, _row: PrivateAppStorage().exists(to.app.app_name),
    "climb to its key": lambda to, _row: get_bucket_storage(PRIVATE_AREA).open(
        _build_climbing_name(to)
    ),
    "make its key": lambda to, _row: bound_tenant().prefix.build_key(_build_key_as_name(to)),
    "make its key by climbing": lambda to, _row: bound_tenant().prefix.build_key(
        f"{PRIVATE_AREA}/{_build_climbing_name(to)}"
    ),
    "call it by a name": lambda to, _row: bound_tenant().prefix.extract_name(to.app.key),
    "hold its key": lambda to, _row: bound_tenant().prefix.holds(to.app.key),
}


def try_from_other_tenants(to: Targets, row: StoredObject) -> Iterator[Result]:
    """Yield what came of each attempt under each neighbour. At most three queries each; no request while it refuses."""
    for neighbour in to.room.neighbours:
        for how, attempt in ATTEMPTS.items():
            yield _run_attempt(neighbour.tenant, how, attempt, to, row)


def _run_attempt(
    tenant: Tenant, how: str, attempt: CodeAttempt, to: Targets, row: StoredObject
) -> Result:
    described = Attempt(
        kind=AttemptKind.ROOM,
        tenant=to.room.tenant,
        key=to.app.key,
        asker=f"code bound to {tenant.location_prefix}",
        how=how,
    )
    with bind_tenant(tenant):
        try:
            got = attempt(to, row)
        except BucketUnavailable as error:
            return Result(described, Verdict.NO_ANSWER, type(error).__name__)
        except REFUSALS as refusal:
            return Result(described, Verdict.REFUSED, type(refusal).__name__)
    return Result(
        described, Verdict.GIVEN if got else Verdict.REFUSED, "found" if got else "nothing"
    )


def try_from_own_tenant(to: Targets) -> Result:
    """Return the control: bound to its own tenant, the file opens by its name. One bucket request."""
    described = Attempt(
        kind=Control.ROOM,
        tenant=to.room.tenant,
        key=to.app.key,
        asker=f"code bound to {to.room.tenant.location_prefix}",
        how="open its name",
    )
    with bind_tenant(to.room.tenant, even_suspended=True):
        try:
            with PrivateAppStorage().open(to.app.app_name) as file:
                found = file.read()
        except (BucketUnavailable, FileNotFoundError) as error:
            return Result(described, Verdict.NO_ANSWER, type(error).__name__)
    verdict = Verdict.GIVEN if found == to.app.content else Verdict.REFUSED
    return Result(described, verdict, f"{len(found)} bytes")
