from django import forms

from tenants.form_fields import ValidatedCharField
from tenants.names import MAX_REASON, clean_reason


class EnterForm(forms.Form):
    """Why somebody of the agency wants to enter, and how far they go."""

    reason = ValidatedCharField(
        clean_reason,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The tenant's admins read it, also later.",
    )
    may_write = forms.BooleanField(
        label="May change documents",
        label_suffix="",
        required=False,
        help_text="Otherwise the visit is read-only.",
    )
