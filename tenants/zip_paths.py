"""Paths inside a ZIP: made of checked names only, and such that every system can unpack them. Plain Python."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tenants.names import MAX_SEGMENT_BYTES, clean_file_name

# Windows takes none of these in a name, nor a name that ends in a dot, nor a device's.
NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]|\.$')
WINDOWS_DEVICE = re.compile(
    r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?$"
)
# Room for a number such as " (1234567)".
MAX_UNNUMBERED_BYTES = MAX_SEGMENT_BYTES - 10
# What is longer behind the last dot is no ending, but a part of the name.
MAX_ENDING_BYTES = 20


@dataclass(slots=True)
class ZipPaths:
    """The paths of one ZIP. Names that differ in case only would overwrite each other where it is unpacked."""

    _files: set[str] = field(default_factory=set)
    _folders: set[str] = field(default_factory=set)

    def add(self, segments: Sequence[str]) -> str:
        """Return the path of a file in folders of these names, the file's own last; the second one gets " (2)".

        >>> paths = ZipPaths()
        >>> paths.add(["Offers", "Q3.pdf"]), paths.add(["Offers", "q3.PDF"]), paths.add(["nul.txt"])
        ('Offers/Q3.pdf', 'Offers/q3 (2).PDF', '_nul.txt')

        Raises NameRefused for a segment that no file or folder may be called.
        """
        *folders, file = [make_portable_name(segment) for segment in segments]
        path = ""
        for folder in folders:
            path = _find_free_path(path, folder, self._files) + "/"
            self._folders.add(path[:-1].casefold())
        path = _find_free_path(path, file, self._files | self._folders)
        self._files.add(path.casefold())
        return path


def make_portable_name(segment: str) -> str:
    """Return the checked name as every system can write it: no device of Windows, no character it refuses.

    >>> make_portable_name("Q3: draft?.pdf"), make_portable_name("CON"), make_portable_name("the end.")
    ('Q3_ draft_.pdf', '_CON', 'the end_')
    """
    name = NOT_ON_WINDOWS.sub("_", clean_file_name(segment))
    return truncate_bytes(f"_{name}", MAX_SEGMENT_BYTES) if WINDOWS_DEVICE.match(name) else name


def _find_free_path(above: str, name: str, taken: set[str]) -> str:
    """Return the path of the name, numbered when it is taken."""
    stem, ending = split_name(name)
    path, number = f"{above}{name}", 1
    while path.casefold() in taken:
        number += 1
        short = truncate_bytes(stem, MAX_UNNUMBERED_BYTES - len(ending.encode()))
        path = f"{above}{short} ({number}){ending}"
    return path


def split_name(name: str) -> tuple[str, str]:
    """Return a name and its ending.

    >>> split_name("offer.tar.gz"), split_name(".htaccess"), split_name("Notes. All of them, in order")
    (('offer.tar', '.gz'), ('.htaccess', ''), ('Notes. All of them, in order', ''))
    """
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > MAX_ENDING_BYTES:
        return name, ""
    return stem, dot + ending


def truncate_bytes(text: str, most_bytes: int) -> str:
    """Return as much of the text as fits, cut between characters, and without space or dot at its new end."""
    whole = text.encode()
    return (
        text
        if len(whole) <= most_bytes
        else whole[:most_bytes].decode(errors="ignore").rstrip(" .")
    )
