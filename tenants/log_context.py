"""Whose work is under way, for the log. Plain Python: logging is configured before any model can be imported."""

from contextvars import ContextVar

tenant_in_log: ContextVar[str] = ContextVar("tenant_in_log", default="")
request_in_log: ContextVar[str] = ContextVar("request_in_log", default="")
