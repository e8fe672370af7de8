"""Requests that no client of ours would send: as a stranger, or with a link of ours and what somebody added to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from media_core.storages.bucket_errors import BUSY_STATUSES
from media_core.storages.client import READ_TIMEOUT_SECONDS, closed_session
from media_core.storages.public import bucket_base_url
from tenants.prefixes import ObjectKey

REFUSED = frozenset({400, 401, 403, 404, 405, 411, 412, 501})


class Unanswered(Exception):
    """The bucket did not answer, or was busy. The argument says how, without the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_refusal(self) -> bool:
        return self.status in REFUSED


class PlainHttp:
    """Sends requests as they are, follows nothing, tries nothing twice. Counts what it sends. Any thread may use it."""

    def __init__(self) -> None:
        bundle = closed_session().get_config_variable("ca_bundle")
        self._session = URLLib3Session(
            verify=bundle or True, proxies={}, timeout=READ_TIMEOUT_SECONDS
        )
        self.sent = 0

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Return the answer to one request. Raises Unanswered."""
        self.sent += 1
        request = AWSRequest(method, url, headers=dict(headers or {}), data=body).prepare()
        try:
            answer = self._session.send(request)
            content = answer.content
        except HTTPClientError as error:
            # The error's own words name the address, which may be a link.
            raise Unanswered(type(error).__name__) from None
        if answer.status_code in BUSY_STATUSES:
            raise Unanswered(f"status {answer.status_code}")
        return Answer(answer.status_code, dict(answer.headers), content)

    def close(self) -> None:
        self._session.close()


def stranger_url(key: ObjectKey | str = "", query: str = "") -> str:
    """Return where anybody would ask the bucket for this key, or for its list: without a signature."""
    return f"{bucket_base_url()}/{quote(key, safe='/~')}{'?' if query else ''}{query}"
