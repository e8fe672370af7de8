from typing import Any

from django.core.management.base import BaseCommand

from tenants.people.sessions import SessionStore


class Command(BaseCommand):
    help = "Removes sessions that have expired. Run it once a day."

    def handle(self, *_args: Any, **_options: Any) -> None:
        SessionStore.clear_expired()
