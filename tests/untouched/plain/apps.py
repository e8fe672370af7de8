from django.apps import AppConfig


class PlainConfig(AppConfig):
    name = "tests.untouched.plain"
    label = "plain"
