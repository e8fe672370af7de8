"""A configuration of gunicorn that sets nothing, in place of the project's own."""
