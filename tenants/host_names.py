"""The one form in which host names are compared and stored. Plain Python."""

import ipaddress
import re

import idna

from tenants.errors import HostRefused

MAX_HOST = 253
LABELS = re.compile(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
# Without a zone: "%" and what follows it means something on one machine only, and may be any text.
IPV6 = re.compile(r"\[([0-9a-fA-F:.]+)\](?::[0-9]+)?")


def normalize_host(raw: str) -> str:
    """Return the one form of a host: no port, no trailing dot, lower case, IDNA in ASCII, IPv6 compressed.

    >>> normalize_host("ACME.Example.:8000"), normalize_host("bücher.example"), normalize_host("[::0:1]:80")
    ('acme.example', 'xn--bcher-kva.example', '[::1]')

    What is no host name raises HostRefused. No query.
    """
    if "/" in raw:
        raise HostRefused(
            f"{raw[:80]!r} is an address of a page: write the host only, like 'acme.example.com'."
        )
    if raw.startswith("["):
        return _normalize_ipv6(raw)
    name, colon, port = raw.partition(":")
    if colon and not (port.isascii() and port.isdecimal()):
        raise HostRefused(f"{raw[:80]!r} has something after ':' that is no port.")
    name = name.lower()
    bare = name.removesuffix(".")
    if LABELS.fullmatch(bare) and len(bare) <= MAX_HOST and "xn--" not in bare:
        return bare
    try:
        # The dot goes last: what other scripts write for it has become a dot by then.
        return idna.encode(name, uts46=True).decode().removesuffix(".")
    except (idna.IDNAError, UnicodeError) as error:
        raise HostRefused(
            f"{raw[:80]!r} is no host name: write it like 'acme.example.com'."
        ) from error


def _normalize_ipv6(raw: str) -> str:
    found = IPV6.fullmatch(raw)
    try:
        return f"[{ipaddress.IPv6Address(found[1] if found else '').compressed}]"
    except ipaddress.AddressValueError as error:
        raise HostRefused(
            f"{raw[:80]!r} is no IPv6 host: write it like '[2001:db8::1]'."
        ) from error
