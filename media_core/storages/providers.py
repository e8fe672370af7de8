"""What is known of those who sell buckets: plain data that settings may import, each value with its source.

A value without a source is a guess, or none: `manage.py bucket doctor` finds out.
"""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from media_core.storages import provider_sources as said

Value = TypeVar("Value")
REGION = "{region}"
MIB = 1024**2
GIB = 1024**3
TIB = 1024**4
# The most that one PUT of S3 takes, in the stricter of its two readings.
PUT_BYTES = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Fact(Generic[Value]):
    """What is known of one point. Without a source it is to be probed; None is not even guessed."""

    value: Value
    source: said.Source | None = None

    @property
    def confirmed(self) -> Value | None:
        """The value, where somebody stands by it."""
        return self.value if self.source else None


def yes(source: said.Source | None = None) -> Fact[bool | None]:
    return Fact(value=True, source=source)


def no(source: said.Source | None = None) -> Fact[bool | None]:
    return Fact(value=False, source=source)


@dataclass(frozen=True, slots=True)
class Provider:
    """Defaults and limits of one provider. docs/reference/providers.md says what each means."""

    endpoint: Fact[str]
    region: Fact[str]
    addressing: Fact[Literal["virtual", "path"]]
    signature: Fact[Literal["s3v4", "s3"]]
    public_mode: Fact[Literal["acl", "policy", "gateway"]]
    sigv2: Fact[bool | None]
    acls: Fact[bool | None]
    policies: Fact[bool | None]
    post: Fact[bool | None]
    conditional_put: Fact[bool | None]
    put_max_bytes: Fact[int | None]
    object_max_bytes: Fact[int | None]
    max_parts: Fact[int | None]
    part_min_bytes: Fact[int | None]
    keys_per_delete: Fact[int | None]
    cors_rules: Fact[int | None]
    lifecycle_rules: Fact[int | None]
    policy_max_bytes: Fact[int | None]
    requests_per_second: Fact[int | None]
    # From one address: all processes of a machine share them.
    sessions: Fact[int | None]

    def endpoint_in(self, region: str) -> str:
        """Return the endpoint of a region; empty when only its owner can know it."""
        endpoint = self.endpoint.value
        return endpoint.replace(REGION, region) if region or REGION not in endpoint else ""


PROVIDERS = {
    "hetzner": Provider(
        endpoint=Fact("https://{region}.your-objectstorage.com", said.HETZNER_OVERVIEW),
        region=Fact("fsn1", said.HETZNER_OVERVIEW),
        addressing=Fact("virtual", said.HETZNER_OVERVIEW),
        signature=Fact("s3v4"),
        public_mode=Fact("acl", said.HETZNER_OBJECTS),
        sigv2=Fact(None),
        acls=yes(said.HETZNER_OBJECTS),
        policies=yes(said.HETZNER_ACTIONS),
        post=Fact(None),
        conditional_put=Fact(None),
        put_max_bytes=Fact(PUT_BYTES),
        object_max_bytes=Fact(None),
        max_parts=Fact(10_000),
        part_min_bytes=Fact(5 * MIB),
        keys_per_delete=Fact(1_000),
        cors_rules=Fact(100),
        lifecycle_rules=Fact(1_000),
        policy_max_bytes=Fact(20_480),
        requests_per_second=Fact(750, said.HETZNER_LIMITS),
        sessions=Fact(256, said.HETZNER_LIMITS),
    ),
    "aws": Provider(
        endpoint=Fact("https://s3.{region}.amazonaws.com", said.AWS_ENDPOINTS),
        region=Fact("us-east-1", said.AWS_ENDPOINTS),
        addressing=Fact("virtual", said.AWS_ENDPOINTS),
        signature=Fact("s3v4", said.AWS_SIGNATURES),
        public_mode=Fact("policy", said.AWS_OWNERSHIP),
        sigv2=no(said.AWS_SIGNATURES),
        acls=no(said.AWS_OWNERSHIP),
        policies=yes(said.AWS_POLICIES),
        post=yes(said.AWS_POST),
        conditional_put=yes(said.AWS_CONDITIONS),
        put_max_bytes=Fact(PUT_BYTES, said.AWS_PUT),
        object_max_bytes=Fact(10_000 * 5 * GIB, said.AWS_PARTS),
        max_parts=Fact(10_000, said.AWS_PARTS),
        part_min_bytes=Fact(5 * MIB, said.AWS_PARTS),
        keys_per_delete=Fact(1_000, said.AWS_DELETE),
        cors_rules=Fact(100, said.AWS_CORS),
        lifecycle_rules=Fact(1_000, said.AWS_LIFECYCLE),
        policy_max_bytes=Fact(20_480, said.AWS_POLICIES),
        requests_per_second=Fact(3_500, said.AWS_RATES),
        sessions=Fact(None),
    ),
    "r2": Provider(
        endpoint=Fact("", said.R2_API),
        region=Fact("auto", said.R2_API),
        addressing=Fact("virtual", said.R2_PRESIGNED),
        signature=Fact("s3v4", said.R2_SIGNATURES),
        public_mode=Fact("gateway", said.R2_API),
        sigv2=no(said.R2_SIGNATURES),
        acls=no(said.R2_API),
        policies=no(said.R2_API),
        post=no(said.R2_PRESIGNED),
        conditional_put=yes(said.R2_CONDITIONS),
        put_max_bytes=Fact(5 * GIB - 5 * MIB, said.R2_LIMITS),
        object_max_bytes=Fact(5 * TIB - 5 * GIB, said.R2_LIMITS),
        max_parts=Fact(10_000, said.R2_LIMITS),
        part_min_bytes=Fact(5 * MIB, said.R2_UPLOADS),
        keys_per_delete=Fact(1_000),
        cors_rules=Fact(None),
        lifecycle_rules=Fact(1_000, said.R2_LIFECYCLE),
        policy_max_bytes=Fact(None, said.R2_API),
        requests_per_second=Fact(None),
        sessions=Fact(None),
    ),
    "b2": Provider(
        endpoint=Fact("https://s3.{region}.backblazeb2.com", said.B2_CALLS),
        region=Fact("", said.B2_CALLS),
        addressing=Fact("virtual", said.B2_CALLS),
        signature=Fact("s3v4", said.B2_CALLS),
        public_mode=Fact("gateway", said.B2_ACLS),
        sigv2=no(said.B2_CALLS),
        acls=no(said.B2_ACLS),
        policies=no(said.B2_POLICIES),
        post=no(said.B2_POST),
        conditional_put=no(said.B2_CONDITIONS),
        put_max_bytes=Fact(PUT_BYTES),
        object_max_bytes=Fact(10_000_000_000_000),
        max_parts=Fact(10_000),
        part_min_bytes=Fact(5_000_000, said.B2_PARTS),
        keys_per_delete=Fact(1_000),
        cors_rules=Fact(None),
        lifecycle_rules=Fact(100, said.B2_LIFECYCLE),
        policy_max_bytes=Fact(None),
        requests_per_second=Fact(500, said.B2_RATES),
        sessions=Fact(None),
    ),
    "ceph": Provider(
        endpoint=Fact("", said.CEPH_OPTIONS),
        region=Fact("us-east-1"),
        addressing=Fact("path", said.CEPH_OPTIONS),
        signature=Fact("s3v4"),
        public_mode=Fact("acl", said.CEPH_FEATURES),
        sigv2=yes(),
        acls=yes(said.CEPH_FEATURES),
        policies=yes(said.CEPH_FEATURES),
        post=yes(said.CEPH_FEATURES),
        conditional_put=yes(),
        put_max_bytes=Fact(5 * GIB, said.CEPH_OPTIONS),
        object_max_bytes=Fact(10_000 * 5 * GIB, said.CEPH_PARTS),
        max_parts=Fact(10_000, said.CEPH_PARTS),
        part_min_bytes=Fact(5 * MIB, said.CEPH_PARTS),
        keys_per_delete=Fact(1_000, said.CEPH_OPTIONS),
        cors_rules=Fact(100, said.CEPH_OPTIONS),
        lifecycle_rules=Fact(1_000, said.CEPH_OPTIONS),
        policy_max_bytes=Fact(20_480),
        requests_per_second=Fact(None),
        sessions=Fact(None),
    ),
    "generic": Provider(
        endpoint=Fact(""),
        region=Fact("us-east-1"),
        addressing=Fact("path"),
        signature=Fact("s3v4"),
        public_mode=Fact("gateway"),
        sigv2=Fact(None),
        acls=Fact(None),
        policies=Fact(None),
        post=Fact(None),
        conditional_put=Fact(None),
        put_max_bytes=Fact(PUT_BYTES),
        object_max_bytes=Fact(None),
        max_parts=Fact(10_000),
        part_min_bytes=Fact(5 * MIB),
        keys_per_delete=Fact(1_000),
        cors_rules=Fact(100),
        lifecycle_rules=Fact(None),
        policy_max_bytes=Fact(20_480),
        requests_per_second=Fact(None),
        sessions=Fact(None),
    ),
}
