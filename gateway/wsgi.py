"""The entry point of a WSGI server: `gunicorn gateway.wsgi`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup(set_prefix=False)

from gateway.handler import GatewayHandler  # noqa: E402 - the apps have to be loaded
from media_core.storages.bucket.start import say_what_is_not_proved  # noqa: E402 - the same
from tenants.database.proof import proof  # noqa: E402 - the same

application = GatewayHandler()

# Said in the log at the start, and not only when somebody asks. As long as it fails nobody is served.
if proof.holds():
    say_what_is_not_proved()
