"""What a deployment must do once the page has been typed."""

from io import BytesIO

import requests
from PIL import Image

from gateway.demo.samples import make_pdf
from tests.ceph.rgw import Rgw
from tests.deploy.browser import Browser, wait_for
from tests.deploy.machine import Machine
from tests.deploy.rolling import prove_rolling
from tests.deploy.settings_file import read_variable, set_variables
from tests.smtp_server import SmtpServer

HOST, ADMIN, PASSWORD = "media.bakery.example", "bea@bakery.example", "a long passphrase of hers"


def prove(machine: Machine, bucket: Rgw, mail: SmtpServer) -> None:
    """Raise AssertionError or CommandFailed for what does not hold."""
    bea = Browser(HOST, machine.root / "etc/ssl/gateway/fullchain.pem")
    set_first_password(bea, mail)
    bea.sign_in(ADMIN, PASSWORD)
    for name, content, visibility in (
        ("offer.pdf", make_pdf("Offer", 3), "public"),
        ("cake.png", picture(), "private"),
    ):
        path = upload(bea, name, content, visibility)
        location = bea.get(path).headers["Location"]
        got = requests.get(location, verify=str(bucket.certificate), timeout=60)
        assert got.content == content, name
        anonymous = Browser(HOST, machine.root / "etc/ssl/gateway/fullchain.pem").get(path)
        assert ("Signature" not in location) == (visibility == "public"), location
        assert anonymous.status_code == (302 if visibility == "public" else 404), anonymous.text
    check_logs(machine)
    check_key_rotation(machine, bea)
    check_wrong_setting(machine, bea)
    check_services_and_files(machine)
    prove_rolling(machine, bea)


def set_first_password(bea: Browser, mail: SmtpServer) -> None:
    bea.post("/accounts/password/reset/", email=ADMIN)
    (link,) = wait_for(
        lambda: [line for each in mail.mails for line in each.body.split() if "/reset/key/" in line]
    )
    bea.set_password(link, PASSWORD)


def picture() -> bytes:
    """Return a photo, which a decoder of the gateway opens."""
    file = BytesIO()
    Image.effect_noise((640, 480), 50).save(file, "PNG")
    return file.getvalue()


def upload(bea: Browser, name: str, content: bytes, visibility: str) -> str:
    """Return the path of a document that was uploaded just now."""
    done = bea.post(
        "/upload", form_at="/", title=name, visibility=visibility, files={"file": (name, content)}
    )
    assert done.status_code == 302, done.text
    page = bea.get("/").text
    return (
        "/d/"
        + next(part for part in page.split('href="/d/')[1:] if name in part.split('"')[0]).split(
            '"'
        )[0]
    )


def check_logs(machine: Machine) -> None:
    logs = "".join(
        file.read_text() for file in (machine.root / "var/log/nginx").glob("gateway.*.log")
    )
    assert '"path":"/accounts/password/reset/key/[redacted]"' in logs
    assert "offer.pdf" not in logs
    assert "Signature" not in logs
    journal = machine.run("journalctl --unit=gateway-web --unit=gateway-worker --output=cat")
    assert "Traceback" not in journal, journal


def check_key_rotation(machine: Machine, bea: Browser) -> None:
    former = read_variable(machine, "DJANGO_SECRET_KEY")
    set_variables(
        machine, {"DJANGO_SECRET_KEY": former[::-1], "DJANGO_SECRET_KEY_FALLBACKS": former}
    )
    machine.run("manage.py check --deploy --database default; systemctl reload gateway-web")
    machine.run("systemctl restart gateway-worker")
    assert "Sign out" in wait_for(lambda: bea.get("/").text)


def check_wrong_setting(machine: Machine, bea: Browser) -> None:
    before = machine.run("pgrep --full '[g]unicorn gateway.wsgi'")
    set_variables(machine, {"UPLOAD_MAX_BYTES": "much"})
    machine.fails("systemctl reload gateway-web")
    assert "UPLOAD_MAX_BYTES=much: give a whole number" in machine.run(
        "journalctl --unit=gateway-web --lines=20"
    )
    assert machine.run("pgrep --full '[g]unicorn gateway.wsgi'") == before
    assert bea.get("/").status_code == 200
    set_variables(machine, {"UPLOAD_MAX_BYTES": "100000000"})
    machine.run("systemctl reload gateway-web")


def check_services_and_files(machine: Machine) -> None:
    assert (
        machine.run("systemctl is-active gateway-web gateway-worker nginx").split()
        == ["active"] * 3
    )
    owners = set(machine.run("ps -o user= -p $(pgrep -d, --full '[/]srv/gateway/.venv')").split())
    assert owners == {"gateway"}, owners
    assert machine.run("stat -c %U:%a /var/backups/gateway/*.dump").strip() == "gateway:600"
    assert machine.run("stat -c %U:%G:%a /etc/gateway/env").strip() == "root:gateway:640"
    score = machine.run("systemd-analyze security --no-pager gateway-web gateway-worker | cat")
    assert "OK" in score, score
    machine.run("manage.py jobs list")
