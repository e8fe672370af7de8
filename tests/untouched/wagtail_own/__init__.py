"""Wagtail's own tests of documents and images, inside a tenant and on our storages."""
