"""The work of operations without their rows, and operations with their jobs, as tests run them."""

from dataclasses import dataclass, field
from uuid import UUID

from django.test import override_settings

from media_core.upkeep.move_storage import StorageMove
from media_core.upkeep.operations import TakeDown
from tenants.errors import GatewayError
from tenants.jobs.kinds import find_kind
from tenants.jobs.operation_kinds import OperationWork
from tenants.jobs.operation_models import Operation
from tenants.jobs.step_runner import run_step


@dataclass
class WorkedOff:
    """What was done in the bound tenant, and what failed by its id."""

    done: int = 0
    failed: dict[UUID, GatewayError] = field(default_factory=dict)


def work_off(work: OperationWork) -> WorkedOff:
    """Do all of an operation's work in the bound tenant, with no row that says how far it is."""
    result = WorkedOff()
    work.begin()
    for item in work.iterate(""):
        try:
            result.done += work.work_on(item)
        except GatewayError as error:
            result.failed[item.object_id] = error
    work.finish()
    return result


def move_all(to: str) -> WorkedOff:
    """Move all that the bound tenant stores to one place, with the settings that this needs."""
    with override_settings(USE_S3_MEDIA=to == "bucket"):
        return work_off(StorageMove({"to": to}))


def take_all_down() -> WorkedOff:
    """Take down all that the bound tenant has published. Unlike an operation, whether or not it is suspended."""
    return work_off(TakeDown({}))


def step(operation: Operation) -> Operation:
    """Run one step of an operation, as a worker does; return it as it is then."""
    run_step(find_kind(operation.kind), operation.tenant_id)
    operation.refresh_from_db()
    return operation
