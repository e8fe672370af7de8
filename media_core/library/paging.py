"""Long lists in pages."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

ROWS_PER_PAGE = 50


def paginate(request: HttpRequest, rows: "QuerySet[Any]", parameter: str = "page") -> "Page[Any]":
    """Return the page of these rows that the address names, or the nearest there is. Two queries."""
    return Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get(parameter))
