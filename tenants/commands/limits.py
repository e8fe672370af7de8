"""The options that say what may come into a tenant's room: for create and for limits."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from tenants.models import FileGroup, proved_groups
from tenants.sizes import parsed_size

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


def chosen_limits(asked: Namespace) -> dict[str, Any]:
    """Return the limits that were given, under their names in `Limits`. Raises SizeRefused."""
    given: list[tuple[str, str | None, Callable[[str], Any]]] = [
        ("quota_bytes", asked.quota, _size_or("none")),
        ("upload_max_bytes", asked.max_upload, _size_or("default")),
        ("file_groups", asked.types, _groups),
    ]
    return {name: read(text) for name, text, read in given if text is not None}


def _size_or(word: str) -> Callable[[str], int | None]:
    return lambda text: None if text == word else parsed_size(text)


def _groups(text: str) -> list[str]:
    if text == "all":
        return list(FileGroup.values)
    if text == "default":
        return proved_groups()
    return [group.strip() for group in text.split(",") if group.strip()]
