"""How each mood of the store looks from outside: a probe, what it sees in the mood and out of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from botocore.exceptions import ClientError

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from tests.gateway.demo.bucket.conftest import S3Client
from tests.gateway.demo.bucket.wire import send


@dataclass(frozen=True)
class Scene:
    """A store, its owner's client, an empty bucket, and one private object `a` in it."""

    store: EmbeddedBucket
    s3: S3Client
    bucket: str

    def url(self, method: str, key: str = "a", *, seconds: int = 60, **given: Any) -> str:
        wanted = {"Bucket": self.bucket, "Key": key, **given}
        url: str = self.s3.generate_presigned_url(method, Params=wanted, ExpiresIn=seconds)
        return url

    def code(self, method: str, **given: Any) -> str:
        """Return the error of a call, `ok` when there is none."""
        try:
            getattr(self.s3, method)(Bucket=self.bucket, **given)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"

    def stranger_sees(self, key: str = "") -> int:
        return send("GET", f"{self.store.endpoint_url}/{self.bucket}/{key}").status

    def stored(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content

    def upload(self, key: str) -> dict[str, Any]:
        upload = self.s3.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]
        return {"Key": key, "UploadId": upload}


def got(scene: Scene) -> tuple[int, str]:
    answer = send("GET", scene.url("get_object"))
    return answer.status, answer.headers["Content-Type"]


def copy_object(scene: Scene) -> str:
    source = {"Bucket": scene.bucket, "Key": "a"}
    return scene.code("copy_object", Key="b", CopySource=source)


def stolen(scene: Scene) -> int:
    headers = {"x-amz-copy-source": f"/{scene.bucket}/a"}
    status = send("PUT", scene.url("put_object", "b"), body=b"", headers=headers).status
    assert status != 200 or scene.stored("b") == b"content"
    return status


def stored_as_public(scene: Scene) -> tuple[str, int]:
    return scene.code("put_object", Key="b", Body=b"", ACL="public-read"), scene.stranger_sees("b")


def made_public(scene: Scene) -> tuple[str, int]:
    return scene.code("put_object_acl", Key="a", ACL="public-read"), scene.stranger_sees("a")


def posted(scene: Scene, **changed: Any) -> int:
    content, seconds = changed.pop("content", b"bytes"), changed.pop("seconds", 60)
    fields = {"Content-Type": "image/png"}
    conditions: list[Any] = [{"Content-Type": "image/png"}, ["content-length-range", 1, 100]]
    form = scene.s3.generate_presigned_post(scene.bucket, "new", fields, conditions, seconds)
    data = {**form["fields"], **{name.replace("_", "-"): text for name, text in changed.items()}}
    files = {"file": ("a.png", content)}
    return requests.post(form["url"], data=data, files=files, timeout=10).status_code


def posted_in_every_wrong_way(scene: Scene) -> list[int]:
    return [
        posted(scene, content=b"x" * 101),
        posted(scene, content=b""),
        posted(scene, Content_Type="text/html"),
        posted(scene, key="elsewhere"),
        posted(scene, seconds=-1),
        posted(scene, x_amz_meta_owner="me"),
    ]


def opened_late(scene: Scene) -> list[int]:
    seconds = scene.url("get_object", seconds=-1)
    return [send("GET", seconds).status, send("GET", scene.url("get_object", seconds=0)).status]


def chosen_type(scene: Scene) -> str:
    url = scene.url("get_object", ResponseContentType="application/octet-stream")
    return send("GET", url).headers["Content-Type"]


def overwritten(scene: Scene) -> str:
    return scene.code("put_object", Key="a", Body=b"other", IfNoneMatch="*")


def delete_object(scene: Scene) -> str:
    return scene.code("delete_objects", Delete={"Objects": [{"Key": "b"}]})


def begun(scene: Scene) -> str:
    return scene.code("create_multipart_upload", Key="b")


def uploaded_in_a_part(scene: Scene) -> bytes:
    upload = scene.upload("b")
    etag = scene.s3.upload_part(Bucket=scene.bucket, **upload, PartNumber=1, Body=b"part")["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    scene.s3.complete_multipart_upload(Bucket=scene.bucket, **upload, MultipartUpload=parts)
    return scene.stored("b")


def cors_put(scene: Scene) -> str:
    rules = [{"AllowedOrigins": ["https://acme.example"], "AllowedMethods": ["GET"]}]
    return scene.code("put_bucket_cors", CORSConfiguration={"CORSRules": rules})


def lifecycle_put(scene: Scene, chosen: Any) -> str:
    rule = {"ID": "a", "Status": "Enabled", "Filter": chosen, "Expiration": {"Days": 1}}
    rules = {"Rules": [rule]}
    return scene.code("put_bucket_lifecycle_configuration", LifecycleConfiguration=rules)


def rule_by_prefix_put(scene: Scene) -> str:
    return lifecycle_put(scene, {"Prefix": "tmp/"})


def rule_by_size_put(scene: Scene) -> tuple[str, str]:
    said = lifecycle_put(scene, {"ObjectSizeGreaterThan": 10 * 1024**3})
    if said != "ok":
        return said, ""
    (rule,) = scene.s3.get_bucket_lifecycle_configuration(Bucket=scene.bucket)["Rules"]
    return said, "some objects" if rule.get("Filter") else "every object"


def policy_put(scene: Scene) -> str:
    return scene.code("put_bucket_policy", Policy=json.dumps({"Statement": []}))


def versioning(scene: Scene) -> str:
    return scene.code("get_bucket_versioning")


def object_lock(scene: Scene) -> str:
    return scene.code("get_object_lock_configuration")


def signed_in_version_2(scene: Scene) -> tuple[int, int]:
    headers = {"Authorization": "AWS KEY:c2lnbmF0dXJl", "Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    answer = send("GET", f"{scene.store.endpoint_url}/{scene.bucket}/a", headers=headers)
    return answer.status, got(scene)[0]


WELL = [400, 400, 403, 403, 403, 403]
# What is seen of the fault, in the mood and out of it.
FAULTS: dict[str, tuple[Callable[[Scene], Any], Any, Any]] = {
    "busy": (got, (503, "application/xml"), (200, "text/plain")),
    "busy-html": (got, (429, "text/html"), (200, "text/plain")),
    "copy-refused": (copy_object, "NotImplemented", "ok"),
    "copy-denied": (copy_object, "AccessDenied", "ok"),
    "unsigned-headers": (stolen, 200, 403),
    "acls-unsupported": (stored_as_public, ("AccessControlListNotSupported", 403), ("ok", 200)),
    "acls-overlooked": (made_public, ("ok", 403), ("ok", 200)),
    "post-unsupported": (posted, 501, 204),
    "post-not-allowed": (posted, 405, 204),
    "post-unchecked": (posted_in_every_wrong_way, [204] * 6, WELL),
    "post-size-unchecked": (posted_in_every_wrong_way, [204, 204, *WELL[2:]], WELL),
    "post-type-unchecked": (posted_in_every_wrong_way, [400, 400, 204, 403, 403, 403], WELL),
    "post-key-unchecked": (posted_in_every_wrong_way, [400, 400, 403, 204, 403, 403], WELL),
    "post-expiry-unchecked": (posted_in_every_wrong_way, [400, 400, 403, 403, 204, 403], WELL),
    "no-sigv2": (signed_in_version_2, (400, 200), (403, 200)),
    "no-sigv4": (signed_in_version_2, (403, 400), (403, 200)),
    "open": (lambda scene: scene.stranger_sees("a"), 200, 403),
    "listed": (Scene.stranger_sees, 200, 403),
    "endless-links": (opened_late, [200, 200], [403, 403]),
    "headers-ignored": (chosen_type, "text/plain", "application/octet-stream"),
    "unconditional": (overwritten, "ok", "PreconditionFailed"),
    "no-batch-delete": (delete_object, "NotImplemented", "ok"),
    "no-multipart": (begun, "NotImplemented", "ok"),
    "no-lifecycle": (rule_by_prefix_put, "NotImplemented", "ok"),
    "no-cors": (cors_put, "NotImplemented", "ok"),
    "no-policy": (policy_put, "NotImplemented", "ok"),
    "no-versioning": (versioning, "NotImplemented", "ok"),
    "no-object-lock": (object_lock, "NotImplemented", "ObjectLockConfigurationNotFoundError"),
    "lifecycle-drops-size-filter": (
        rule_by_size_put,
        ("ok", "every object"),
        ("NotImplemented", ""),
    ),
    "corrupt-multipart": (uploaded_in_a_part, b"paru", b"part"),
}
