"""Who may: the owner what no policy denies, a stranger what is open to read, and never to write."""

from gateway.demo.bucket.bucket_policy import parse_policy
from gateway.demo.bucket.moto_store import Store
from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response
from gateway.demo.bucket.s3_operations import get_policy_action

ANONYMOUS_OPERATIONS = frozenset({"GetObject", "HeadObject", "ListObjects", "HeadBucket"})
# The owner can always take back a policy, or one careless Deny would lock the bucket for good.
NEVER_DENIED = frozenset({"GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"})


class AccessLayer:
    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        """Pass on what is permitted."""
        missing = request.bucket and not self.store.has_bucket(request.bucket)
        if missing and request.operation != "CreateBucket":
            raise Refused("NoSuchBucket")
        if request.operation not in NEVER_DENIED and "Deny" in self._list_effects(request):
            raise Refused("AccessDenied", "A bucket policy denies this.")
        if request.is_anonymous:
            self._check_anonymous(request)
        return answer(request)

    def _list_effects(self, request: S3Request) -> list[str]:
        """Return what policies say about the target, and about the source of a copy."""
        wanted = [(get_policy_action(request.operation), request.bucket, request.key)]
        if request.operation in {"CopyObject", "UploadPartCopy"}:
            wanted.append(("s3:GetObject", *request.copy_source))
        return [self._find_effect(action, bucket, key) for action, bucket, key in wanted]

    def _find_effect(self, action: str, bucket: str, key: str) -> str:
        resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        return parse_policy(self.store.find_policy_document(bucket)).find_effect(action, resource)

    def _check_anonymous(self, request: S3Request) -> None:
        """Refuse what is not open to everybody; a missing key answers like a private one."""
        if request.operation not in ANONYMOUS_OPERATIONS or request.get_parameter("versionId"):
            raise Refused("AccessDenied")
        allowed = "Allow" in self._list_effects(request) or _is_opened_by_fault(request)
        missing = bool(request.key) and not self.store.has_object(request.bucket, request.key)
        if missing and not self._may_list(request):
            raise Refused("AccessDenied")
        if not allowed and not missing and not self.store.is_public(request.bucket, request.key):
            raise Refused("AccessDenied")

    def _may_list(self, request: S3Request) -> bool:
        allowed = self._find_effect("s3:ListBucket", request.bucket, "") == "Allow"
        allowed = allowed or "listed" in request.faults
        return allowed or self.store.is_public(request.bucket, "")


def _is_opened_by_fault(request: S3Request) -> bool:
    return ("open" if request.key else "listed") in request.faults
