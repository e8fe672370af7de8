"""gunicorn's own lines, in the form of all others."""

from typing import Any

from gunicorn.glogging import Logger

from gateway.logs import ContextFilter, JsonFormatter


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's logger, whose lines are JSON without secrets: of the server, and of requests where they are logged."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(JsonFormatter())
            handler.addFilter(ContextFilter())
