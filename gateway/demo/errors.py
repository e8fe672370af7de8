"""Why the demo does not start, or ends: one line that says what to do."""


class DemoRefused(Exception):
    """The demo cannot, or must not, start."""


class ServerEnded(Exception):
    """A server that the demo runs on has ended while the demo ran."""
