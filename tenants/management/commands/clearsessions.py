from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tenants.models import CacheEntry
from tenants.people.sessions import SessionStore


class Command(BaseCommand):
    help = "Removes sessions and counters of sign-in that have expired. Run it once a day."

    def handle(self, *_args: Any, **_options: Any) -> None:
        SessionStore.clear_expired()
        CacheEntry.objects.filter(expires__lt=timezone.now()).delete()
