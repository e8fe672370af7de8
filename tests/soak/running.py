"""Rows for the soak in both rooms, and the soak as a process of its own."""

import json
import os
import subprocess
import sys
import uuid
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.media_core.conftest import document_row, stored_row

TWINS = [(uuid.uuid4(), uuid.uuid4()) for _ in range(3)]


def fill(*tenants: Tenant) -> None:
    """Give each tenant three documents, with the same primary keys as the others', titled by the tenant's name."""
    for tenant in tenants:
        with bind_tenant(tenant):
            for document, stored in TWINS:
                document_row(tenant.name, id=document, original=stored_row(id=stored))


def url_of_the_tests() -> str:
    """Return DATABASE_URL with the name of the database that the tests made."""
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def run(*arguments: str, module: str = "tests.soak", **environment: str) -> Any:
    """Return what a process says that runs on these settings."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "gateway.settings",
            "DATABASE_URL": url_of_the_tests(),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
