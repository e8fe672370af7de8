"""What media_core refuses, on top of tenants.errors."""

from http import HTTPStatus

from tenants.errors import GatewayError, NeedsPeople, QuotaExceeded


class UploadTooLarge(GatewayError):
    """The file is larger than is allowed here."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class RemovedFilesExceedQuota(QuotaExceeded):
    """Too much was removed lately. Removed files are kept for a while; until some are gone, nothing more comes in."""


class UploadDiskFull(GatewayError):
    """There is no room for uploads at the moment. Nothing was changed; please try again later."""

    status = HTTPStatus.INSUFFICIENT_STORAGE


class UploadIncomplete(GatewayError):
    """The upload broke off before its end. Nothing was stored; please send it again."""


class LengthRequired(GatewayError):
    """The request does not say how long it is. Send it with a Content-Length."""

    status = HTTPStatus.LENGTH_REQUIRED


class UploadRefused(GatewayError):
    """The upload cannot be taken."""


class UploadLost(GatewayError):
    """The upload took too long and was given up. Please send it again."""

    status = HTTPStatus.CONFLICT


class TypeRefused(UploadRefused):
    """Files of this type are not taken here, or the file is not what its name says."""


class InspectionBusy(GatewayError):
    """Too many files are being checked at the moment. Nothing was changed; please try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class NotPublished(GatewayError):
    """The file is stored, but for members only: it could not be published."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, cause: GatewayError | None = None) -> None:
        super().__init__(str(cause or ""))
        # What is wrong on our side is for the log.
        ours = cause is None or cause.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        self.reason = "" if ours else str(cause)
        if isinstance(cause, PublishingRefused):
            # Its sentence only says again that this cannot be published.
            self.reason = cause.detail

    @property
    def message(self) -> str:
        return f"{super().message} {self.reason}".strip()


class PublishingRefused(GatewayError):
    """This cannot be published."""

    status = HTTPStatus.CONFLICT


class DocumentChanged(GatewayError):
    """It was changed meanwhile. Look at it again."""

    status = HTTPStatus.CONFLICT


class StillPublic(GatewayError):
    """It is private now, but its public copy could not be removed yet. The gateway tries again by itself."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class FolderRefused(GatewayError):
    """The folder cannot be made or changed like that."""

    status = HTTPStatus.CONFLICT


class WideningNotConfirmed(GatewayError):
    """More people could read it afterwards. Confirm how many."""

    status = HTTPStatus.CONFLICT

    def __init__(self, count: int = 0) -> None:
        self.count = count
        super().__init__(f"It is {count} more: give exactly this number.")


class ObjectMissing(GatewayError):
    """The stored bytes are not there. The people who run the gateway have to look."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class ObjectDiffers(GatewayError):
    """The stored bytes are not those that were sent. Nothing was changed."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class PublicNameTaken(GatewayError):
    """Another object has the public name of this file. Nothing was changed."""

    status = HTTPStatus.CONFLICT


class BucketUnavailable(GatewayError):
    """The storage does not answer at the moment. Nothing was changed; please try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class BucketRefused(BucketUnavailable):
    """The storage refuses the gateway. Nothing was changed; the people who run it have to look."""


class UnknownBucketAnswer(BucketUnavailable):
    """The storage gave an answer that we do not understand. Nothing was changed; the people who run it have to look."""


class BucketNotProved(BucketRefused):
    """The storage has not been proved safe for this. Nothing was changed; the people who run it have to look."""


class BucketProofExpired(BucketNotProved):
    """Publishing has stopped until the people who run the gateway check the storage again. Nothing was changed."""


class BucketOfAnother(BucketRefused):
    """The storage is another deployment's or database's. Nothing was changed; the people who run it have to look."""


class ApplyRefused(GatewayError):
    """The bucket cannot be set up like that. Nothing was changed there."""

    status = HTTPStatus.CONFLICT


class MoveRefused(GatewayError):
    """The stored files cannot be moved like that."""

    status = HTTPStatus.CONFLICT


class RemovalRefused(NeedsPeople):
    """Nothing is removed or moved: the storage's marker does not name this database. See `manage.py bucket apply`."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class BucketUnfit(NeedsPeople):
    """The bucket is not as it must be. The page Bucket, or `manage.py bucket doctor`, says what to change."""


class NotIsolated(NeedsPeople):
    """Somebody got what is another tenant's. The attestation names what and how."""
