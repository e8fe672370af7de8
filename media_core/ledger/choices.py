"""What an object of the ledger may be: where it lies, what it is for, and how far its life is."""

from django.db.models import TextChoices


class Area(TextChoices):
    PUBLIC = "media"
    PRIVATE = "private"


class Kind(TextChoices):
    ORIGINAL = "original"
    PUBLIC_COPY = "public_copy"
    DERIVATIVE = "derivative"
    APP = "app"
    INCOMING = "incoming"


class State(TextChoices):
    PENDING = "pending"
    STORED = "stored"
    CONDEMNED = "condemned"
    ABANDONED = "abandoned"
    GONE = "gone"


class Place(TextChoices):
    BUCKET = "bucket"
    DISK = "disk"
