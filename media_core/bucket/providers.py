"""What is known of those who sell buckets: plain data that settings may import, each value with its source.

A value without a source is a guess, or none: `manage.py bucket doctor` finds out.
"""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from media_core.bucket import provider_sources as sources

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
    source: sources.Source | None = None

    @property
    def confirmed(self) -> Value | None:
        """The value, where somebody stands by it."""
        return self.value if self.source else None


def say_yes(source: sources.Source | None = None) -> Fact[bool | None]:
    return Fact(value=True, source=source)


def say_no(source: sources.Source | None = None) -> Fact[bool | None]:
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

    def build_endpoint(self, region: str) -> str:
        """Return the endpoint of a region; empty when only its owner can know it."""
        endpoint = self.endpoint.value
        return endpoint.replace(REGION, region) if region or REGION not in endpoint else ""


PROVIDERS = {
    "hetzner": Provider(
        endpoint=Fact("https://{region}.your-objectstorage.com", sources.HETZNER_OVERVIEW),
        region=Fact("fsn1", sources.HETZNER_OVERVIEW),
        addressing=Fact("virtual", sources.HETZNER_OVERVIEW),
        signature=Fact("s3v4"),
        public_mode=Fact("acl", sources.HETZNER_OBJECTS),
        sigv2=Fact(None),
        acls=say_yes(sources.HETZNER_OBJECTS),
        policies=say_yes(sources.HETZNER_ACTIONS),
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
        requests_per_second=Fact(750, sources.HETZNER_LIMITS),
        sessions=Fact(256, sources.HETZNER_LIMITS),
    ),
    "aws": Provider(
        endpoint=Fact("https://s3.{region}.amazonaws.com", sources.AWS_ENDPOINTS),
        region=Fact("us-east-1", sources.AWS_ENDPOINTS),
        addressing=Fact("virtual", sources.AWS_ENDPOINTS),
        signature=Fact("s3v4", sources.AWS_SIGNATURES),
        public_mode=Fact("policy", sources.AWS_OWNERSHIP),
        sigv2=say_no(sources.AWS_SIGNATURES),
        acls=say_no(sources.AWS_OWNERSHIP),
        policies=say_yes(sources.AWS_POLICIES),
        post=say_yes(sources.AWS_POST),
        conditional_put=say_yes(sources.AWS_CONDITIONS),
        put_max_bytes=Fact(PUT_BYTES, sources.AWS_PUT),
        object_max_bytes=Fact(10_000 * 5 * GIB, sources.AWS_PARTS),
        max_parts=Fact(10_000, sources.AWS_PARTS),
        part_min_bytes=Fact(5 * MIB, sources.AWS_PARTS),
        keys_per_delete=Fact(1_000, sources.AWS_DELETE),
        cors_rules=Fact(100, sources.AWS_CORS),
        lifecycle_rules=Fact(1_000, sources.AWS_LIFECYCLE),
        policy_max_bytes=Fact(20_480, sources.AWS_POLICIES),
        requests_per_second=Fact(3_500, sources.AWS_RATES),
        sessions=Fact(None),
    ),
    "r2": Provider(
        endpoint=Fact("", sources.R2_API),
        region=Fact("auto", sources.R2_API),
        addressing=Fact("virtual", sources.R2_PRESIGNED),
        signature=Fact("s3v4", sources.R2_SIGNATURES),
        public_mode=Fact("gateway", sources.R2_API),
        sigv2=say_no(sources.R2_SIGNATURES),
        acls=say_no(sources.R2_API),
        policies=say_no(sources.R2_API),
        post=say_no(sources.R2_PRESIGNED),
        conditional_put=say_yes(sources.R2_CONDITIONS),
        put_max_bytes=Fact(5 * GIB - 5 * MIB, sources.R2_LIMITS),
        object_max_bytes=Fact(5 * TIB - 5 * GIB, sources.R2_LIMITS),
        max_parts=Fact(10_000, sources.R2_LIMITS),
        part_min_bytes=Fact(5 * MIB, sources.R2_UPLOADS),
        keys_per_delete=Fact(1_000),
        cors_rules=Fact(None),
        lifecycle_rules=Fact(1_000, sources.R2_LIFECYCLE),
        policy_max_bytes=Fact(None, sources.R2_API),
        requests_per_second=Fact(None),
        sessions=Fact(None),
    ),
    "b2": Provider(
        endpoint=Fact("https://s3.{region}.backblazeb2.com", sources.B2_CALLS),
        region=Fact("", sources.B2_CALLS),
        addressing=Fact("virtual", sources.B2_CALLS),
        signature=Fact("s3v4", sources.B2_CALLS),
        public_mode=Fact("gateway", sources.B2_ACLS),
        sigv2=say_no(sources.B2_CALLS),
        acls=say_no(sources.B2_ACLS),
        policies=say_no(sources.B2_POLICIES),
        post=say_no(sources.B2_POST),
        conditional_put=say_no(sources.B2_CONDITIONS),
        put_max_bytes=Fact(PUT_BYTES),
        object_max_bytes=Fact(10_000_000_000_000),
        max_parts=Fact(10_000),
        part_min_bytes=Fact(5_000_000, sources.B2_PARTS),
        keys_per_delete=Fact(1_000),
        cors_rules=Fact(None),
        lifecycle_rules=Fact(100, sources.B2_LIFECYCLE),
        policy_max_bytes=Fact(None),
        requests_per_second=Fact(500, sources.B2_RATES),
        sessions=Fact(None),
    ),
    "ceph": Provider(
        endpoint=Fact("", sources.CEPH_OPTIONS),
        region=Fact("us-east-1"),
        addressing=Fact("path", sources.CEPH_OPTIONS),
        signature=Fact("s3v4"),
        public_mode=Fact("acl", sources.CEPH_FEATURES),
        sigv2=say_yes(),
        acls=say_yes(sources.CEPH_FEATURES),
        policies=say_yes(sources.CEPH_FEATURES),
        post=say_yes(sources.CEPH_FEATURES),
        conditional_put=say_yes(),
        put_max_bytes=Fact(5 * GIB, sources.CEPH_OPTIONS),
        object_max_bytes=Fact(10_000 * 5 * GIB, sources.CEPH_PARTS),
        max_parts=Fact(10_000, sources.CEPH_PARTS),
        part_min_bytes=Fact(5 * MIB, sources.CEPH_PARTS),
        keys_per_delete=Fact(1_000, sources.CEPH_OPTIONS),
        cors_rules=Fact(100, sources.CEPH_OPTIONS),
        lifecycle_rules=Fact(1_000, sources.CEPH_OPTIONS),
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
