"""`make check`'s part that needs Django: migrations are complete, and .env.example is fit to deploy."""

import os
import secrets
import sys

import django
from django.core.management import call_command

from gateway.demo.place import ROOT
from gateway.demo.postgres import database_url


def main() -> None:
    with database_url(ROOT / ".data" / "postgres", fast=True) as url:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="gateway.settings",
            DJANGO_ENV_FILE=str(ROOT / ".env.example"),
            DJANGO_SECRET_KEY=secrets.token_urlsafe(50),
            DATABASE_URL=url,
            AWS_ACCESS_KEY_ID="an-access-key",
            AWS_SECRET_ACCESS_KEY="a-secret-key",  # noqa: S106 - no key of anything
            AWS_STORAGE_BUCKET_NAME="a-bucket",
        )
        django.setup()
        call_command("makemigrations", check=True, dry_run=True)
        call_command("check", deploy=True, fail_level="WARNING")


if __name__ == "__main__":
    sys.exit(main())
