"""The ways in which a bucket is spoken to: how requests are signed, where the bucket's name stands, over what."""

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Variant:
    """One way. A run of the suite is on one."""

    signature: str
    addressing: str
    scheme: str

    def __str__(self) -> str:
        return f"{SIGNATURES[self.signature]}, {self.addressing}, {self.scheme.upper()}"

    @property
    def bucket(self) -> str:
        """Return the name of the bucket that this run has for itself."""
        return f"tests-{self.signature}-{self.addressing}-{self.scheme}"


SIGNATURES = {"s3v4": "SigV4", "s3": "SigV2"}
# boto signs calls to a bucket wrongly in Version 2 by path, and settings refuse that.
WAYS = [("s3v4", "path"), ("s3v4", "virtual"), ("s3", "virtual")]
VARIANTS = [Variant(*way, scheme) for scheme, way in product(("https", "http"), WAYS)]
# With no signature, addressing or scheme in common: tests that do not depend on the way run by these two.
FULL_SUITE_VARIANTS = [Variant("s3v4", "path", "https"), Variant("s3", "virtual", "http")]
