"""Sizes on pages, as people and bills count them."""

from django import template

from tenants.sizes import format_size

register = template.Library()


@register.filter
def size(size_bytes: int) -> str:
    """Return a number of bytes for people: 1 MB is 1,000,000 bytes (SI), so that limits read as they are set."""
    return format_size(size_bytes)
