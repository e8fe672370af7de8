"""The one validator of names that people give: to tenants, people, folders, documents and files, and of their notes.

A name is refused, never repaired, except for its form: NFC, and no space around it. What is refused cannot be seen, or
makes a name look like another one.
"""

import re
import unicodedata

from tenants.errors import NameRefused

MAX_NAME = 120
MAX_FILE_NAME = 200
MAX_TITLE = 200
MAX_REASON = 500
MAX_NOTE = 2000
# What file systems take as one name: a file must have it after a download, a folder after unpacking a ZIP.
MAX_SEGMENT_BYTES = 255
# No character of UTF-8 takes more.
MAX_CHARACTER_BYTES = 4
# Real scripts put four or five marks on a letter; hundreds of them reach over the lines above and below.
MAX_MARKS = 8

# Marks that turn the reading direction: "gpj.exe" can be made to read "exe.jpg".
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# They join or part the letters beside them: Persian, Indic scripts and families of emoji are written with them.
JOINERS = frozenset("\u200c\u200d")
# Signs around numbers, of category Cf like the invisible ones, but to be seen.
NUMBER_SIGNS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# Letters and marks by their category, and nothing to be seen.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
REFUSED_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Cs": "half a character",
    "Co": "a private character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
NONCHARACTERS = (
    range(0xFDD0, 0xFDF0),
    *(range(end - 2, end) for end in range(0x10000, 0x110001, 0x10000)),
)
# Unicode has set these apart for characters that are not to be seen; between them stand the selectors of variants.
RESERVED_INVISIBLE = (
    range(0x2065, 0x2066),
    range(0xFFF0, 0xFFF9),
    range(0xE0000, 0xE0100),
    range(0xE01F0, 0xE1000),
)
# The flags of England, Scotland and Wales are a black flag and a word in invisible letters.
FLAG_SEQUENCE = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")


def clean_name(value: str, *, longest: int = MAX_NAME, longest_bytes: int | None = None) -> str:
    r"""Return the name in NFC without space around it; refuse what cannot be shown or misleads.

    >>> clean_name(" Übersicht – Q3.pdf ")
    'Übersicht – Q3.pdf'
    >>> clean_name("\u202egpj.exe")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tenants.errors.NameRefused: The name cannot be stored. '\u202egpj.exe' has a mark that turns ... (U+202E).
    """
    name = _normalize_nfc(value)
    _refuse_invisible(name)
    _refuse_too_long(name, longest, longest_bytes or longest * MAX_CHARACTER_BYTES)
    return name


def clean_title(value: str) -> str:
    """Return the title of a document."""
    return clean_name(value, longest=MAX_TITLE)


def clean_file_name(value: str, *, longest: int = MAX_FILE_NAME) -> str:
    """Return the name of a file as people will see it. A path is refused, so is a name of dots only.

    >>> clean_file_name("日本語.txt")
    '日本語.txt'
    """
    name = clean_name(value, longest=longest, longest_bytes=MAX_SEGMENT_BYTES)
    if "/" in name or "\\" in name:
        raise NameRefused(f"{name[:80]!r} has a '/' or '\\': give the file's name, not a path.")
    if not name.strip("."):
        raise NameRefused(f"{name!r} is dots only.")
    return name


def clean_folder_name(value: str) -> str:
    r"""Return the name of a folder: it may stand in a path, so it is refused what a file's name is refused.

    >>> clean_folder_name("Contracts/2026")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tenants.errors.NameRefused: The name cannot be stored. 'Contracts/2026' has a '/' or '\': make one folder in ...
    """
    if "/" in value or "\\" in value:
        raise NameRefused(f"{value[:80]!r} has a '/' or '\\': make one folder in the other.")
    return clean_file_name(value, longest=MAX_NAME)


def clean_note(value: str) -> str:
    r"""Return a text of several lines, such as a reason; each line is held to what a name is held to.

    >>> clean_note(" Their admin asked.\r\nSee the ticket. ")
    'Their admin asked.\nSee the ticket.'
    """
    note = _normalize_nfc(value.replace("\r\n", "\n").replace("\r", "\n"))
    _refuse_invisible(note.replace("\n", " ").replace("\t", " "))
    _refuse_too_long(note, MAX_NOTE, MAX_NOTE * MAX_CHARACTER_BYTES)
    return note


def clean_reason(value: str) -> str:
    r"""Return a reason in one line. An empty one is refused, and what a note is refused.

    >>> clean_reason(" Ticket 4711:\n the logo is upside down ")
    'Ticket 4711: the logo is upside down'
    """
    return clean_name(" ".join(clean_note(value).split()), longest=MAX_REASON)


def _normalize_nfc(value: str) -> str:
    name = unicodedata.normalize("NFC", value).strip()
    if not name:
        raise NameRefused("It is empty.")
    return name


def _refuse_too_long(name: str, longest: int, longest_bytes: int) -> None:
    if len(name) > longest:
        raise NameRefused(f"{name[:40]!r}… has {len(name)} characters; {longest} is the most.")
    if (size := len(name.encode())) > longest_bytes:
        raise NameRefused(f"{name[:40]!r}… has {size} bytes in UTF-8; {longest_bytes} is the most.")


def _refuse_invisible(name: str) -> None:
    """Refuse characters that are not to be seen, where they are not a part of what is."""
    plain = FLAG_SEQUENCE.sub("\U0001f3f4", name)
    if unicodedata.category(plain[0])[0] == "M":
        raise NameRefused(f"{name[:80]!a} begins with a mark that belongs on another letter.")
    for place, character in enumerate(plain):
        if what := _find_character_problem(character, plain[:place][-1:], plain[place + 1 :][:1]):
            raise NameRefused(f"{name[:80]!a} has {what} (U+{ord(character):04X}).")
    _refuse_stacked_marks(name)


def _find_character_problem(character: str, before: str, after: str) -> str:
    """Return why the character is refused between these two; empty when it is not."""
    if character in BIDI:
        return "a mark that turns the reading direction"
    if character in JOINERS:
        joins = (
            before and before not in JOINERS and (_can_be_joined(before) or _can_be_joined(after))
        )
        return "" if joins else "an invisible joiner where it joins nothing"
    if character in NUMBER_SIGNS:
        return ""
    if character in INVISIBLE:
        return REFUSED_CATEGORIES["Cf"]
    return REFUSED_CATEGORIES.get(unicodedata.category(character), "") or _find_code_point_problem(
        ord(character)
    )


def _can_be_joined(character: str) -> bool:
    """Return whether a joiner beside this one may mean something: a letter, mark or emoji beyond ASCII."""
    if not character or character.isascii():
        return False
    return unicodedata.category(character) in {"Lo", "Mn", "Mc", "So", "Sk"}


def _find_code_point_problem(point: int) -> str:
    """Return why a code point without a meaning is refused. What a later Unicode may add, such as emoji, is taken."""
    if any(point in points for points in NONCHARACTERS):
        return "what is no character"
    return REFUSED_CATEGORIES["Cf"] if any(point in points for points in RESERVED_INVISIBLE) else ""


def _refuse_stacked_marks(name: str) -> None:
    marks = 0
    for character in name:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks > MAX_MARKS:
            raise NameRefused(f"{name[:40]!r} has more than {MAX_MARKS} marks on one letter.")
