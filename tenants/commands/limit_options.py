"""The options that say what may come into a tenant's room, and how much of it stays: for create and for limits."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from tenants.errors import TenantRefused
from tenants.models import VERSIONS_KEPT, FileGroup, list_proved_groups
from tenants.sizes import parse_size

GROUPS = ",".join(FileGroup.values)


def add_limit_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--quota", metavar="SIZE|none", help="the most it may keep, such as 10GB; none is no limit"
    )
    parser.add_argument(
        "--max-upload",
        metavar="SIZE|default",
        help="its largest file, such as 50MB; default is UPLOAD_MAX_BYTES",
    )
    parser.add_argument(
        "--types",
        metavar="LIST|all|default",
        help=f"what it takes, some of {GROUPS}; default is all but other",
    )
    parser.add_argument(
        "--versions",
        metavar="NUMBER|all",
        help=f"how many versions of a document it keeps; a new tenant keeps {VERSIONS_KEPT}",
    )


def parse_limits(asked: Namespace) -> dict[str, Any]:
    """Return the limits that were given, under their names in `TenantLimits`. Raises SizeRefused or TenantRefused."""
    given: list[tuple[str, str | None, Callable[[str], Any]]] = [
        ("quota_bytes", asked.quota, _make_size_parser("none")),
        ("upload_max_bytes", asked.max_upload, _make_size_parser("default")),
        ("file_groups", asked.types, _parse_groups),
        ("versions_kept", asked.versions, _number_or_all),
    ]
    return {name: read(text) for name, text, read in given if text is not None}


def _make_size_parser(word: str) -> Callable[[str], int | None]:
    return lambda text: None if text == word else parse_size(text)


def _number_or_all(text: str) -> int | None:
    if text == "all":
        return None
    if not (text.isascii() and text.isdecimal()):
        raise TenantRefused(f"{text!r} versions: give a number, or all.")
    return int(text)


def _parse_groups(text: str) -> list[str]:
    if text == "all":
        return list(FileGroup.values)
    if text == "default":
        return list_proved_groups()
    return [group.strip() for group in text.split(",") if group.strip()]
