"""Files of apps in the restore drill: saved before the dump, then deleted, saved again, taken down and brought back.

Each step belongs into the binding of its tenant.
"""

from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from media_core.app_files.models import AppFile
from media_core.errors import ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.upkeep.app_takedown import bring_files_back, take_file_down
from tenants.binding import bound_tenant

# What becomes of each file after the dump.
FATES = {
    "default": ("kept", "deleted", "replaced", "taken down", "brought back"),
    "private": ("kept", "deleted", "replaced"),
}
# Its save failed before the dump. The sweep freed its name afterwards, which another file of its size got.
FAILED = "failed"


def save_app_files() -> None:
    """Save the files that the dump names."""
    for alias, fates in FATES.items():
        for fate in fates:
            _save(alias, fate, _text(alias, fate))
    _take_down("brought back")
    _fail_to_save(FAILED)


def change_app_files() -> None:
    """Do to them what apps and the agency may do between a backup and its restoration."""
    for alias in FATES:
        for fate in ("deleted", "replaced"):
            storages[alias].delete(_name(fate))
        # As many bytes, but others.
        _save(alias, "replaced", _text(alias, "replaced").upper())
    bring_files_back(lambda _done, _of: None)
    _take_down("taken down")
    _save("default", FAILED, FAILED.upper())


def _text(alias: str, fate: str) -> str:
    return f"{alias} file, {fate}"


def _save(alias: str, fate: str, text: str) -> None:
    got = storages[alias].save(_name(fate), ContentFile(_make_body(text)))
    assert got == _name(fate)


def _fail_to_save(fate: str) -> None:
    body = _make_body(fate)
    content = Content(f"{fate}.txt", len(body), "text/plain", sha256(body).hexdigest())
    name = f"media/{_name(fate)}"
    StoredObject.objects.create_pending(content, area="media", kind="app", name=name).abandon()


def _take_down(fate: str) -> None:
    take_file_down(AppFile.objects.get(area="media", name=_name(fate)).pk)


def _name(fate: str) -> str:
    return f"drill/{fate}.txt"


def _make_body(text: str) -> bytes:
    return f"{bound_tenant().name}: {text}".encode()


def read_app_files() -> dict[str, str]:
    """Return the digest of what apps get under each name; nothing where they get no bytes."""
    return {
        f"{alias} {fate}": _read_digest(alias, _name(fate))
        for alias, fates in FATES.items()
        for fate in fates
    }


def _read_digest(alias: str, name: str) -> str:
    try:
        with storages[alias].open(name) as file:
            return sha256(file.read()).hexdigest()
    except (FileNotFoundError, ObjectMissing, ObjectDiffers):
        return ""
