"""A mail server on loopback: takes mails, refuses those it is told to, or says nothing at all."""

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Self, cast

from gateway.environment import Environment

LOOPBACK = "127.0.0.1"
GREETINGS = {"EHLO": "250 Done", "HELO": "250 Done", "RSET": "250 Done", "QUIT": "221 Bye"}


@dataclass(frozen=True)
class ReceivedMail:
    """A mail as it came over the wire: to whom it went is said outside of it."""

    recipients: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        # A long one begins on the next line, with a space.
        return str(self.message["Subject"]).strip()

    @property
    def body(self) -> str:
        return str(self.message.get_content())


@dataclass
class SmtpServer:
    """Runs inside a `with` block, in threads of this process.

    `answers` says how often which command is answered how, before it is answered well: {"RCPT ada@acme.example":
    ["451 Try later"]}. The commands are MAIL, RCPT, DATA and "." for the end of a mail; the address may be left out.
    An answer "" is none: the server is mute from there on. So is `is_mute`, from the first moment.
    """

    is_mute: bool = False
    answers: dict[str, list[str]] = field(default_factory=dict)
    mails: list[ReceivedMail] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._server = _Server((LOOPBACK, 0), _Session)
        self._server.smtp = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def settings(self, *, timeout_seconds: int) -> dict[str, object]:
        """Return the settings by which Django speaks to it."""
        url = f"smtp://{LOOPBACK}:{self.port}"
        return Environment().read_mail("NO_MAIL_URL", url, timeout_seconds)

    def subjects(self) -> list[str]:
        return [mail.subject for mail in self.mails]

    def recipients(self) -> list[str]:
        return [address for mail in self.mails for address in mail.recipients]

    def answer(self, command: str, address: str = "") -> str:
        """Return the next answer that was chosen for this command, or that it is done."""
        for key in (f"{command} {address}", command):
            if self.answers.get(key):
                return self.answers[key].pop(0)
        return "354 Go on" if command == "DATA" else "250 Done"

    def wait_mutely(self) -> None:
        self._end.wait()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    smtp: SmtpServer


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._smtp = cast("_Server", self.server).smtp
        self._smtp.connections += 1
        if not self._say("" if self._smtp.is_mute else "220 Ready"):
            return
        self._recipients: list[str] = []
        for verb, address in self._commands():
            answer = GREETINGS.get(verb) or self._smtp.answer(verb, address)
            if verb == "MAIL":
                self._recipients = []
            if verb == "RCPT" and answer.startswith("250"):
                self._recipients.append(address)
            if not self._say(answer) or (answer.startswith("354") and not self._take_mail()):
                return

    def _commands(self) -> Iterator[tuple[str, str]]:
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(" ")
            yield verb.upper(), rest.partition("<")[2].partition(">")[0]

    def _say(self, answer: str) -> bool:
        """Answer; return whether the session goes on."""
        if not answer:
            self._smtp.wait_mutely()
            return False
        self.wfile.write(f"{answer}\r\n".encode())
        return not answer.startswith(("221", "421"))

    def _take_mail(self) -> bool:
        """Read a mail up to its end and answer that; it is kept unless it is refused."""
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b"."))
        answer = self._smtp.answer(".")
        if not answer or answer.startswith("250"):
            message = message_from_bytes(b"".join(lines), policy=default)
            self._smtp.mails.append(ReceivedMail(self._recipients, message))
        return self._say(answer)
