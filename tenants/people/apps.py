from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People, their memberships and roles, their sessions: all in the public schema."""

    name = "tenants.people"
    label = "people"
