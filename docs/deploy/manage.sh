#!/bin/sh
# /usr/local/bin/manage.py: the commands of the gateway in /srv/gateway, as its user and with its settings.
exec sudo --set-home --user=gateway env DJANGO_ENV_FILE=/etc/gateway/env \
    /srv/gateway/.venv/bin/python /srv/gateway/manage.py "$@"
