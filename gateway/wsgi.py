"""The entry point of a WSGI server: `gunicorn gateway.wsgi`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")

# gunicorn stops at this exit code of a worker. At any other it would start the next one, for ever.
APP_LOAD_ERROR = 4

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"Not configured: {error}\n")
    sys.exit(APP_LOAD_ERROR)

from media_core.storages.bucket.start import say_what_is_not_proved  # noqa: E402 - the apps have to be loaded
from tenants.database.proof import proof  # noqa: E402 - the same

# Said in the log at the start, and not only when somebody asks. As long as it fails nobody is served.
if proof.holds():
    say_what_is_not_proved()
