"""The rooms of the bucket: which prefixes are legal, and the one builder of object keys.

Plain Python. Everything that speaks to the bucket takes an `ObjectKey`, and only `Prefix.build_key` makes one.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import NewType

from tenants.errors import KeyOutsidePrefix, NameRefused, PrefixRefused

ObjectKey = NewType("ObjectKey", str)

PUBLIC_AREA = "media"
PRIVATE_AREA = "private"
AREAS = (PUBLIC_AREA, PRIVATE_AREA)

SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
LOCATION_PREFIX = re.compile(rf"(?:{SEGMENT}/)+")
RESERVED_SEGMENTS = frozenset({"media", "private", "incoming"})
# Leaves more than half of a key to the name.
MAX_PREFIX_BYTES = 200
# S3 allows 1,024 bytes; the rest is room for a later suffix and for what a URL adds.
MAX_KEY_BYTES = 900
MAX_ASCII_NAME = 100
# No tenant's prefix has a segment that begins with an underscore.
GATEWAY_PREFIX = "_gateway/"


def validate_location_prefix(value: str) -> str:
    """Return `value` when it may be a tenant's location prefix, else raise PrefixRefused.

    >>> validate_location_prefix("agency/acme/")
    'agency/acme/'
    >>> validate_location_prefix("acme")
    Traceback (most recent call last):
    tenants.errors.PrefixRefused: The location prefix is not allowed. 'acme' does not end in '/': write 'acme/'.
    """
    if not value:
        raise PrefixRefused("It is empty: give the tenant a room of its own, such as 'acme/'.")
    if not value.endswith("/"):
        raise PrefixRefused(f"{value!r} does not end in '/': write '{value}/'.")
    if not LOCATION_PREFIX.fullmatch(value):
        raise PrefixRefused(
            f"{value!r}: each segment takes 1 to 63 of A-Z a-z 0-9 . _ - and begins with a letter or digit."
        )
    if taken := sorted(RESERVED_SEGMENTS.intersection(fold_case(value).split("/"))):
        raise PrefixRefused(
            f"{value!r} has the segment '{taken[0]}', which names an area inside a room."
        )
    if len(value) > MAX_PREFIX_BYTES:
        raise PrefixRefused(
            f"{value!r} has {len(value)} characters; {MAX_PREFIX_BYTES} is the most."
        )
    return value


def validate_deployment_prefix(value: str) -> str:
    """Return `value` when it may be the deployment's LOCATION_PREFIX: empty, or as a tenant's."""
    return validate_location_prefix(value) if value else ""


def fold_case(prefix: str) -> str:
    """Return the form in which prefixes are compared. They are ASCII, so this is what lower() of PostgreSQL does."""
    return prefix.lower()


def overlaps(one: str, other: str) -> bool:
    """Return whether two location prefixes are equal, or one lies under the other, case aside.

    >>> overlaps("acme/", "Acme/sub/"), overlaps("acme/", "acme2/")
    (True, False)
    """
    return fold_case(one).startswith(fold_case(other)) or fold_case(other).startswith(
        fold_case(one)
    )


@dataclass(frozen=True, slots=True)
class Prefix:
    """A tenant's room: the deployment's prefix and the tenant's own."""

    location_prefix: str
    deployment_prefix: str = ""

    def __post_init__(self) -> None:
        validate_location_prefix(self.location_prefix)
        validate_deployment_prefix(self.deployment_prefix)

    def __str__(self) -> str:
        return self.deployment_prefix + self.location_prefix

    def build_key(self, name: str) -> ObjectKey:
        """Return the object key of `name` inside this prefix.

        A name is refused, never repaired, when it would leave the prefix:

        >>> acme = Prefix("acme/")
        >>> acme.build_key("private/2026/offer.pdf")
        'acme/private/2026/offer.pdf'
        >>> acme.build_key("private/../../globex/offer.pdf")
        Traceback (most recent call last):
        tenants.errors.KeyOutsidePrefix: The name would leave the tenant's prefix.

        No query, no request to the bucket.
        """
        key = self.deployment_prefix + self.location_prefix + validate_object_name(name)
        if len(key.encode()) > MAX_KEY_BYTES:
            raise NameRefused(
                f"The key would have {len(key.encode())} bytes; {MAX_KEY_BYTES} is the most."
            )
        return ObjectKey(key)

    def holds(self, key: str) -> bool:
        """Return whether `key` lies strictly inside this prefix."""
        return key.startswith(str(self)) and len(key) > len(str(self))

    def extract_name(self, key: str) -> str:
        """Return the name of `key` relative to the room; a key of another room is refused."""
        if not self.holds(key):
            raise KeyOutsidePrefix
        return key.removeprefix(str(self))


def validate_object_name(name: str) -> str:
    """Return `name`, relative to a room, when a key can be made of it."""
    segments = name.split("/")
    if "." in segments or ".." in segments or name.startswith("/"):
        raise KeyOutsidePrefix
    if "" in segments:
        raise NameRefused("It is empty, ends in '/' or has '//'.")
    if "\\" in name:
        raise NameRefused("It has a backslash.")
    # What is printable in ASCII needs no look at each character.
    if not (name.isascii() and name.isprintable()) and any(
        unicodedata.category(character) in {"Cc", "Cs"} for character in name
    ):
        raise NameRefused("It has a control character.")
    if segments[0] not in AREAS or len(segments) == 1:
        raise KeyOutsidePrefix
    return name


def build_gateway_key(name: str, *, deployment_prefix: str = "") -> ObjectKey:
    """Return the object key of what belongs to the deployment itself, and to no tenant: its marker, its canaries.

    Raises KeyOutsidePrefix or NameRefused.

    >>> build_gateway_key("owner.json", deployment_prefix="live/")
    'live/_gateway/owner.json'
    """
    # An area in front: what is refused inside a room is refused here.
    validate_object_name(f"{PRIVATE_AREA}/{name}")
    return ObjectKey(f"{validate_deployment_prefix(deployment_prefix)}{GATEWAY_PREFIX}{name}")


def make_ascii_name(display_name: str) -> str:
    """Return an ASCII name for the key of a file that people call `display_name`.

    Only keys carry it; people always see the name they gave.

    >>> make_ascii_name("Übersicht – Q3.pdf"), make_ascii_name("日本語.txt"), make_ascii_name("../../etc/passwd")
    ('Ubersicht-Q3.pdf', 'file.txt', 'passwd')
    """
    last = display_name.replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = last.rpartition(".")
    if not stem:
        stem, dot, extension = last, "", ""
    stem, extension = _convert_to_ascii(stem), _convert_to_ascii(extension)[:16]
    ending = f".{extension}" if dot and extension else ""
    return (stem or "file")[: MAX_ASCII_NAME - len(ending)] + ending


def _convert_to_ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")
