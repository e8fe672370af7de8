from collections import Counter
from typing import Any

from tests.media_core.conftest import committed

__all__ = ["committed"]
# What a test behind a pooler that mixes notes about itself; the end of the run adds them up.
LOOKS = "looks into rooms"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = terminalreporter.stats.get("passed", [])
    looks = sum(
        (Counter(dict(report.user_properties).get(LOOKS, {})) for report in reports), Counter[str]()
    )
    if looks:
        terminalreporter.write_line(
            f"transaction mode, check passed by: {looks['right']} looks found their own rows, {looks['empty']} "
            f"nothing, {looks['wrong']} another's; {looks['failed']} uses ended with an error"
        )
