"""A browser before the machine's nginx, over HTTPS, on one host."""

import re
import time
from pathlib import Path
from typing import Any

import requests

from tests.demo import token

SECONDS = 60


class Browser:
    """Sends each request to this machine, with the name of one host. Follows no redirect."""

    def __init__(self, host: str, certificate: Path) -> None:
        self._session = requests.Session()
        self._session.verify = str(certificate)
        self._session.trust_env = False
        self._session.headers.update({"Host": host, "Referer": f"https://{host}/"})

    def copy(self) -> "Browser":
        """Return another browser of the same person."""
        other = Browser(str(self._session.headers["Host"]), Path(str(self._session.verify)))
        other._session.cookies.update(self._session.cookies)
        return other

    def get(self, path: str) -> requests.Response:
        return self._session.get(f"https://127.0.0.1{path}", timeout=SECONDS, allow_redirects=False)

    def post(
        self, path: str, *, form_at: str = "", files: Any = None, **given: str
    ) -> requests.Response:
        """Fill in the form of a page, and send it."""
        form = {"csrfmiddlewaretoken": token(self.get(form_at or path).text), **given}
        return self._session.post(
            f"https://127.0.0.1{path}",
            data=form,
            files=files,
            timeout=SECONDS,
            allow_redirects=False,
        )

    def set_password(self, link: str, password: str) -> None:
        """Follow the link of a password-reset mail, and set a password."""
        path = re.sub(r"^https://[^/]+", "", link)
        form = self.get(path).headers["Location"]
        done = self.post(form, password1=password, password2=password)
        assert done.headers["Location"].endswith("/done/"), done.text

    def sign_in(self, email: str, password: str) -> None:
        done = self.post("/accounts/login/", login=email, password=password)
        assert done.status_code == 302, done.text


def wait_for(what: Any) -> Any:
    """Return what a question answers, as soon as that is something."""
    until = time.monotonic() + SECONDS
    while not (answer := what()):
        assert time.monotonic() < until, "Nothing came."
        time.sleep(0.2)
    return answer
