"""The entry point of a WSGI server: `gunicorn gateway.wsgi`."""

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured

# gunicorn stops at this exit code of a worker. At any other it would start the next one, for ever.
APP_LOAD_ERROR = 4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
try:
    django.setup(set_prefix=False)
except ImproperlyConfigured as error:
    sys.stderr.write(f"Not configured: {error}\n")
    sys.exit(APP_LOAD_ERROR)

from gateway.wsgi_handler import GatewayHandler  # noqa: E402 - the apps have to be loaded
from media_core.bucket.start import log_proof_problem  # noqa: E402 - the same
from tenants.database.proof import database_proof  # noqa: E402 - the same

application = GatewayHandler()

# Said in the log at the start, and not only when somebody asks. As long as it fails nobody is served.
if database_proof.holds():
    log_proof_problem()
