from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Jobs and how they went: all in the public schema, beside procrastinate's own tables."""

    name = "tenants.jobs"
    label = "jobs"
