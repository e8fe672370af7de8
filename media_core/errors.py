"""What media_core refuses, on top of tenants.errors."""

from http import HTTPStatus

from tenants.errors import GatewayError


class UploadTooLarge(GatewayError):
    """The file is larger than is allowed here."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UploadRefused(GatewayError):
    """The upload cannot be taken."""


class UploadLost(GatewayError):
    """The upload took too long and was given up. Please send it again."""

    status = HTTPStatus.CONFLICT


class BucketUnavailable(GatewayError):
    """The storage does not answer at the moment. Nothing was changed; please try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class BucketRefused(BucketUnavailable):
    """The storage refuses the gateway. Nothing was changed; the people who run it have to look."""
