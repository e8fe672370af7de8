"""`make check`'s part that needs Django: migrations are complete, and .env.example is fit to deploy."""

import os

import django
from django.core.management import call_command

from gateway.demo.demo_folder import ROOT
from gateway.demo.postgres import provide_database_url


def main() -> None:
    with provide_database_url(ROOT / ".data" / "postgres", fast=True) as url:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="gateway.settings",
            DATABASE_URL=url,
        )
        django.setup()
        call_command("makemigrations", check=True, dry_run=True)
        call_command("check", deploy=True, fail_level="WARNING")


if __name__ == "__main__":
    main()
