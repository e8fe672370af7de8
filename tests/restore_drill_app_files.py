"""Files of apps in the restore drill: saved before the dump, then deleted, saved again, taken down and brought back."""

from typing import Any

# What becomes of each file after the dump. The public has lost two of them then, and one has another's bytes.
PUBLIC = ("kept", "deleted", "replaced", "taken down", "brought back")
PRIVATE = ("kept", "deleted", "replaced")
# Of all that is in the dump only this name is not free any more.
NOT_REPUBLISHED = "replaced"


def expected_bytes(tenant_name: str, alias: str, fate: str) -> str:
    return f"{tenant_name}: {alias} file, {fate}"


def save_app_files(tenant: Any) -> None:
    """Save the files that the dump names."""
    from django.core.files.base import ContentFile  # noqa: PLC0415 - models need Django set up
    from django.core.files.storage import storages  # noqa: PLC0415

    from tenants.binding import bind_tenant  # noqa: PLC0415

    with bind_tenant(tenant):
        for alias, fates in (("default", PUBLIC), ("private", PRIVATE)):
            for fate in fates:
                body = expected_bytes(tenant.name, alias, fate).encode()
                assert storages[alias].save(f"drill/{fate}.txt", ContentFile(body))
        _take_down("brought back")


def change_app_files(tenant: Any) -> None:
    """Do to them what apps and the agency may do between a backup and its restoration."""
    from django.core.files.base import ContentFile  # noqa: PLC0415
    from django.core.files.storage import storages  # noqa: PLC0415

    from media_core.upkeep.app_takedown import bring_files_back  # noqa: PLC0415
    from tenants.binding import bind_tenant  # noqa: PLC0415

    with bind_tenant(tenant):
        for alias in ("default", "private"):
            storages[alias].delete("drill/deleted.txt")
            storages[alias].delete("drill/replaced.txt")
            name = storages[alias].save("drill/replaced.txt", ContentFile(b"other bytes"))
            assert name == "drill/replaced.txt"
        bring_files_back(lambda _done, _of: None)
        _take_down("taken down")


def _take_down(fate: str) -> None:
    from media_core.app_files.models import AppFile  # noqa: PLC0415
    from media_core.upkeep.app_takedown import take_file_down  # noqa: PLC0415

    take_file_down(AppFile.objects.get(area="media", name=f"drill/{fate}.txt").pk)


def check_app_files(tenant: Any) -> dict[str, list[str]]:
    """Return which files open with the bytes they had, and which the public gets."""
    from django.core.files.storage import storages  # noqa: PLC0415

    from media_core.storages.bucket.listing import can_public_read  # noqa: PLC0415
    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tenants.errors import GatewayError  # noqa: PLC0415

    opened = []
    with bind_tenant(tenant):
        for alias, fates in (("default", PUBLIC), ("private", PRIVATE)):
            for fate in fates:
                try:
                    with storages[alias].open(f"drill/{fate}.txt") as file:
                        body = file.read().decode()
                except (FileNotFoundError, GatewayError):
                    continue
                assert body == expected_bytes(tenant.name, alias, fate), "Another file's bytes."
                opened.append(f"{alias} {fate}")
        keys = {fate: tenant.prefix.key(f"media/drill/{fate}.txt") for fate in PUBLIC}
        public = [fate for fate, key in keys.items() if can_public_read(key)]
    return {"opened": opened, "public": public}
