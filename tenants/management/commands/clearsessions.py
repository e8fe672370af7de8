from typing import Any

from django.core.management.base import BaseCommand

from tenants.people.jobs import remove_expired_sessions


class Command(BaseCommand):
    help = (
        "Removes sessions and counters of sign-in that have expired. The worker does so every day."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        remove_expired_sessions()
