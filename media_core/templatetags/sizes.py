"""Sizes as people and bills count them: 1 MB is 1,000,000 bytes (SI), so that limits read as they are set."""

from django import template

register = template.Library()


THOUSAND = 1000


@register.filter
def size(size_bytes: int) -> str:
    """Return a number of bytes for people.

    >>> size(1), size(999), size(1_250), size(20_000_000), size(5_000_000_000_000)
    ('1 byte', '999 bytes', '1.2 kB', '20 MB', '5 TB')
    """
    if size_bytes < THOUSAND:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    amount, units = size_bytes / THOUSAND, ["kB", "MB", "GB", "TB"]
    while amount >= THOUSAND and len(units) > 1:
        amount /= THOUSAND
        units.pop(0)
    return f"{amount:.1f}".removesuffix(".0") + f" {units[0]}"
