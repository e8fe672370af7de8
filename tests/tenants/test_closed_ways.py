"""A tenant is never deleted, and never made or changed by one of django-tenants' own ways."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import IntegrityError, models, transaction

from tenants.binding import bind_tenant, connection
from tenants.models import Domain, PrefixReservation, Tenant
from tenants.stamp.models import Stamp
from tests.tenants.conftest import create_umbrella, schemas

pytestmark = pytest.mark.django_db


def test_a_tenant_is_not_deleted(acme):
    with pytest.raises(models.ProtectedError):
        acme.delete()
    with pytest.raises(models.ProtectedError):
        acme.delete(force_drop=True)
    with pytest.raises(models.ProtectedError):
        Tenant.objects.filter(pk=acme.pk).delete()
    with pytest.raises(models.ProtectedError):
        Tenant.objects.all().delete()
    assert Tenant.objects.filter(pk=acme.pk).exists()


@pytest.mark.parametrize("manager", ["_base_manager", "_default_manager"])
def test_no_manager_deletes_a_tenant_either(manager, acme):
    with pytest.raises((models.ProtectedError, IntegrityError)), transaction.atomic():
        getattr(Tenant, manager).filter(pk=acme.pk).delete()
    with bind_tenant(acme):
        assert Stamp.objects.get().tenant_id == acme.id


STAMP_CHANGES = {
    "given to another": "UPDATE stamp_stamp SET tenant_id = gen_random_uuid()",
    "deleted": "DELETE FROM stamp_stamp",
    "emptied": "TRUNCATE stamp_stamp",
    "doubled": "INSERT INTO stamp_stamp (only_row, tenant_id) VALUES (true, gen_random_uuid())",
    "followed by a second": "INSERT INTO stamp_stamp (only_row, tenant_id) VALUES (false, gen_random_uuid())",
}


@pytest.mark.parametrize("change", STAMP_CHANGES)
def test_a_stamp_is_never_changed(change, acme, globex):
    umbrella = create_umbrella()
    for tenant in (acme, globex, umbrella):
        with bind_tenant(tenant):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(STAMP_CHANGES[change])
            assert Stamp.objects.get().tenant_id == tenant.id


def test_what_leads_to_a_tenant_does_not_take_it_along(acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        PrefixReservation.objects.filter(tenant=acme).delete()
    assert PrefixReservation.objects.filter(tenant=acme).exists()


def test_django_tenants_own_ways_of_making_and_dropping_a_schema_are_closed(acme):
    assert (Tenant.auto_create_schema, Tenant.auto_drop_schema) == (False, False)
    for method in (
        acme.create_schema,
        lambda: acme.create_schema(check_if_exists=True),
        lambda: Tenant().create_schema(),
    ):
        with pytest.raises(TypeError):
            method()


def test_saving_a_tenant_makes_no_schema(acme):
    alone = Tenant(name="Alone", location_prefix="alone/")
    alone.save()
    assert alone.schema_name not in schemas()
    PrefixReservation.objects.create(prefix="alone/", tenant=alone)


COMMANDS = {
    "create_tenant": {"name": "X", "location_prefix": "x/", "schema_name": "t_0123456789", "status": "active",
                      "presign_seconds": "1", "schema_version": "", "domain-domain": "x.example"},
    "delete_tenant": {"schema_name": "UMBRELLA"},
    "create_tenant_superuser": {"schema_name": "UMBRELLA"},
    "create_missing_schemas": {},
}  # fmt: skip


def everything() -> list[object]:
    return [
        list(model.objects.order_by("pk").values()) for model in (Tenant, PrefixReservation, Domain)
    ]


def called(command: str, **options: object) -> None:
    """Call a command as a shell does, with each of its statements committed."""
    try:
        call_command(command, **options, interactive=False)
    except (Exception, SystemExit):  # noqa: BLE001, S110 - however it is refused, what counts is what is left
        pass
    finally:
        connection.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_django_tenants_own_commands_change_no_tenant(command, acme, leaves_nothing):
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(create_umbrella).result()
        before = everything()
        options = {
            key: made.schema_name if value == "UMBRELLA" else value
            for key, value in COMMANDS[command].items()
        }
        thread.submit(called, command, **options).result()
    assert everything() == before
