"""Every refusal of the gateway: the class names what happened, its docstring is what the client reads."""

from http import HTTPStatus
from inspect import cleandoc


class GatewayError(Exception):
    """Something was refused.

    `message` is the class's sentence and may be shown to anybody. `detail` names the value and the
    remedy; it is for the person at the command line and for the log, never for a stranger.
    """

    status: HTTPStatus = HTTPStatus.BAD_REQUEST
    # When to ask again, where the status is 503.
    retry_seconds: int = 5

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(detail)

    def __str__(self) -> str:
        return f"{self.message} {self.detail}".strip()

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def message(self) -> str:
        return cleandoc(type(self).__doc__ or "").partition("\n\n")[0].replace("\n", " ")


class NotFound(GatewayError):
    """There is nothing here."""

    # What is another tenant's, or not readable, answers exactly like what does not exist.
    status = HTTPStatus.NOT_FOUND


class TooBusy(GatewayError):
    """Too much is going on at once. Nothing was changed; please try again in a few seconds."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class SignInRequired(GatewayError):
    """Sign in to go on."""

    status = HTTPStatus.UNAUTHORIZED


class RoleRequired(GatewayError):
    """Your role does not allow this."""

    status = HTTPStatus.FORBIDDEN


class KeyOutsidePrefix(GatewayError):
    """The name would leave the tenant's prefix."""


class NameRefused(GatewayError):
    """The name cannot be stored."""


class PrefixRefused(GatewayError):
    """The location prefix is not allowed."""


class PrefixTaken(GatewayError):
    """The location prefix overlaps one that is, or once was, in use."""

    status = HTTPStatus.CONFLICT


class HostRefused(GatewayError):
    """The host name is not allowed."""


class HostTaken(GatewayError):
    """The host name already leads to a tenant."""

    status = HTTPStatus.CONFLICT


class NoTenantBound(GatewayError):
    """No tenant is bound, so nothing of a tenant can be touched."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class BindingDisagrees(GatewayError):
    """The bound tenant and the database connection disagree, so nothing is touched."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class DatabaseNotProved(GatewayError):
    """The gateway is not ready. Please try again in a moment."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class DatabaseNotIdentified(GatewayError):
    """The database does not say which one it is, so nothing is removed. The people who run the gateway have to look."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class RowOfAnotherTenant(GatewayError):
    """The row was loaded under another tenant than the one that is bound."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class QuotaExceeded(GatewayError):
    """There is not enough room left for this."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class QuotaBroken(GatewayError):
    """The site's quota is not in order, so nothing is changed. The people who run the gateway have to look."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class SizeRefused(GatewayError):
    """The size cannot be read."""


class TenantSuspended(GatewayError):
    """This site is suspended."""

    status = HTTPStatus.FORBIDDEN


class SchemaNotServed(GatewayError):
    """This site is being updated. Try again in a moment."""

    # The tables of the tenant and this code do not fit: manage.py migrate_tenants, or a reload, is under way or due.
    status = HTTPStatus.SERVICE_UNAVAILABLE


class TenantNotFound(GatewayError):
    """There is no such tenant."""

    status = HTTPStatus.NOT_FOUND


class TenantRefused(GatewayError):
    """The tenant cannot be made or changed like that."""


class PersonRefused(GatewayError):
    """The person cannot be added or changed like that."""


class MembershipNotFound(GatewayError):
    """This person is not a member of the tenant."""

    status = HTTPStatus.NOT_FOUND


class VisitRefused(GatewayError):
    """This visit cannot be agreed to, entered or ended any more."""

    status = HTTPStatus.CONFLICT


class NeedsPeople(GatewayError):
    """The job came to its end, and what it found needs people. It runs again when it is due."""

    # Trying at once would find the same, so a worker does not.
    status = HTTPStatus.CONFLICT


class SchemaBroken(NeedsPeople):
    """This site's data is not in order, so nothing is changed. The people who run the gateway have to look."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class MailServerUnavailable(GatewayError):
    """The mail server takes no mail at the moment. What waits is sent later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class OperationRefused(GatewayError):
    """The operation cannot be changed like that."""

    status = HTTPStatus.CONFLICT


def find_error(code: str) -> type[GatewayError] | None:
    """Return the refusal of this name, if this process knows one: for what was written down earlier."""
    waiting = [GatewayError]
    while waiting:
        refusal = waiting.pop()
        if refusal.__name__ == code:
            return refusal
        waiting += refusal.__subclasses__()
    return None
