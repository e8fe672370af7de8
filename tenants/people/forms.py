"""allauth's forms where ours must ask more."""

from typing import Any

from allauth.account.forms import ResetPasswordForm as AnyonesResetPasswordForm
from django.http import HttpRequest

from tenants.people.reset_mail import queue_password_reset


class ResetPasswordForm(AnyonesResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    """Looks nobody up, so it costs the same whoever has the address: the job that sends mail finds out."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email.lower()

    def save(self, request: HttpRequest, **_of_allauth: Any) -> str:
        email: str = self.cleaned_data["email"]
        queue_password_reset(email)
        return email
