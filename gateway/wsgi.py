"""The entry point of a WSGI server: `gunicorn gateway.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")

application = get_wsgi_application()

from media_core.storages.bucket.start import log_trouble  # noqa: E402 - the apps have to be loaded
from tenants.database.proof import proof  # noqa: E402 - the same

# Said in the log at the start, and not only when somebody asks. As long as it fails nobody is served.
if proof.holds():
    log_trouble()
