"""The one validator of names that people give: to tenants, people, documents, files."""

import unicodedata

from tenants.errors import NameRefused

MAX_NAME = 120
# Marks that turn the reading direction: "gpj.exe" can be made to read "exe.jpg".
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def checked_human_name(value: str, *, longest: int = MAX_NAME) -> str:
    r"""Return the name in NFC without space around it; refuse what cannot be shown or misleads.

    >>> checked_human_name(" Übersicht – Q3.pdf ")
    'Übersicht – Q3.pdf'
    >>> checked_human_name("\u202egpj.exe")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tenants.errors.NameRefused: The name cannot be stored. '\u202egpj.exe' has a mark that turns ... (U+202E).
    """
    name = unicodedata.normalize("NFC", value).strip()
    if not name:
        raise NameRefused("It is empty.")
    for character in name:
        if character in BIDI:
            raise NameRefused(
                f"{name!a} has a mark that turns the reading direction (U+{ord(character):04X})."
            )
        if unicodedata.category(character) in {"Cc", "Cs", "Co", "Zl", "Zp"}:
            raise NameRefused(f"{name!a} has a control character (U+{ord(character):04X}).")
    if len(name) > longest:
        raise NameRefused(f"{name[:40]!r}… has {len(name)} characters; {longest} is the most.")
    return name


def checked_file_name(value: str, *, longest: int = 200) -> str:
    """Return the name of a file as people will see it. A path is refused, so is a name of dots only.

    >>> checked_file_name("日本語.txt")
    '日本語.txt'
    """
    name = checked_human_name(value, longest=longest)
    if "/" in name or "\\" in name:
        raise NameRefused(f"{name[:80]!r} has a '/' or '\\': give the file's name, not a path.")
    if not name.strip("."):
        raise NameRefused(f"{name!r} is dots only.")
    return name
