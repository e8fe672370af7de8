"""Links to documents. `{% url %}` asks Django's resolver for every one, which takes a sixth of a long list's time."""

from django import template

from media_core.library.addresses import details_path, open_path

register = template.Library()
register.filter("open_path", open_path)
register.filter("details_path", details_path)
