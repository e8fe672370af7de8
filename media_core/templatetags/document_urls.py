"""Links to documents. `{% url %}` asks Django's resolver for every one, which takes a sixth of a long list's time."""

from django import template

from media_core.library.document_urls import build_details_path, build_open_path

register = template.Library()
register.filter("open_path", build_open_path)
register.filter("details_path", build_details_path)
