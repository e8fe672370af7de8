"""The gateway's settings with a further migration of the stamp: code that is newer than what made the tenants."""

import os

from gateway.settings import *  # noqa: F403 - as a deployment with settings of its own does it

MIGRATION_MODULES = {
    "stamp": f"tests.tenants.upgrades.migrations.{os.environ.get('NEWER', 'adds')}"
}
