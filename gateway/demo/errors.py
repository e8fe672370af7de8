"""Why the demo does not start: one line that says what to do."""


class DemoRefused(Exception):
    """The demo cannot, or must not, start."""
