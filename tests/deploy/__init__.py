"""The deployment document, typed on an empty Debian: `make test-deploy`."""
