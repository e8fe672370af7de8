"""The one key pair the store knows."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str = field(repr=False)
    region: str
