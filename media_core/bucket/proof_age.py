"""The age of the bucket's proof: when to warn, when it runs out, and what stops then."""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from media_core.bucket.capabilities import (
    Proof,
    compute_key_fingerprint,
    format_moment,
    list_needed,
    list_needed_to_publish,
)

logger = logging.getLogger("media_core.storages")

# The worker runs the doctor every day, so a younger proof is not a sign of trouble.
SHORTEST_BEFORE_WARNING = timedelta(days=2)
AGE_REMEDY = "Run manage.py bucket doctor, and see that a worker runs, which does so every day: manage.py jobs list."


@dataclass(frozen=True, slots=True)
class ProofAge:
    """When everything the gateway needs of its bucket was last proved, and until when that counts."""

    proved_at: datetime
    # Proved with the access key in settings: then an expired proof still allows storing (Proof.was_proved).
    is_by_these_keys: bool

    @property
    def warns_at(self) -> datetime:
        half = timedelta(days=settings.BUCKET_PROOF_DAYS) / 2
        return self.proved_at + max(half, SHORTEST_BEFORE_WARNING)

    @property
    def expires_at(self) -> datetime:
        return self.proved_at + timedelta(days=settings.BUCKET_PROOF_DAYS)

    @property
    def has_expired(self) -> bool:
        return timezone.now() >= self.expires_at

    @property
    def is_old(self) -> bool:
        """Return whether to warn: the proof has run out, or half of its time is over."""
        return self.has_expired or timezone.now() >= self.warns_at

    @property
    def consequence(self) -> str:
        """Return what stops when it has run out."""
        if not self.is_by_these_keys:
            return "nothing is stored"
        return "nobody can publish" if list_needed_to_publish() else "copies go through the gateway"

    def __str__(self) -> str:
        since, end = format_moment(self.proved_at), format_moment(self.expires_at)
        counts = "counted" if self.has_expired else "counts"
        return (
            f"The bucket was last proved to be fit on {since}. That {counts} until {end};"
            f" after that {self.consequence} until it is proved again."
        )


def find_proof_age(known: Proof) -> ProofAge | None:
    """Return the age of the oldest result that the gateway needs; None if one is missing or failed."""
    seen = [known.seen[each] for each in list_needed() if known.was_proved(each)]
    if len(seen) < len(list_needed()):
        return None
    return ProofAge(
        min(each.at for each in seen),
        is_by_these_keys={each.fingerprint for each in seen} == {compute_key_fingerprint()},
    )


def find_old_proof(known: Proof) -> ProofAge | None:
    """Return the age if somebody has to renew the proof, else None."""
    age = find_proof_age(known)
    return age if age and age.is_old else None


def log_old_proof(known: Proof) -> None:
    """Write a warning into the log when the proof is old, once a day in each process."""
    if age := find_old_proof(known):
        _log_once_a_day(timezone.now().date(), age)


@lru_cache(maxsize=1)
def _log_once_a_day(_day: date, age: ProofAge) -> None:
    logger.warning("%s %s", age, AGE_REMEDY)
