"""Fields of forms for what people name: each asks the one validator of names, and says why it refuses."""

from collections.abc import Callable
from typing import Any

from django import forms

from tenants.errors import NameRefused


class ValidatedCharField(forms.CharField):
    """Text that is cleaned by a function of tenants/names.py; what is left empty stays empty."""

    def __init__(self, check: Callable[[str], str], **options: Any) -> None:
        self.check = check
        super().__init__(**options)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return text
        try:
            return self.check(text)
        except NameRefused as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from refusal
