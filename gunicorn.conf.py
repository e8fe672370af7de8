"""What gunicorn reads by itself when it is started in this folder."""

from gateway.server_logs import JsonLogger

logger_class = JsonLogger
# By default a header named SCRIPT_NAME or PATH_INFO that comes from a local proxy changes which path is asked for.
forwarder_headers = ""
