"""allauth's forms where ours must ask more."""

from allauth.account.forms import ResetPasswordForm as AnyonesResetPasswordForm

from tenants.people.backends import belongs_here
from tenants.people.models import Person


class ResetPasswordForm(AnyonesResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    """Knows only people who belong to this host; anybody else is treated, and timed, like an unknown address."""

    users: list[Person]

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users = [person for person in self.users if belongs_here(person)]
        return email
