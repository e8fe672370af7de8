from django import forms

from media_core.documents.models import Document
from tenants.fields import CheckedField
from tenants.names import MAX_TITLE, checked_title


class UploadForm(forms.Form):
    """One file with a title. What may be stored is decided by the upload's flow, not here."""

    file = forms.FileField(allow_empty_file=True)
    title = CheckedField(
        checked_title,
        max_length=MAX_TITLE,
        required=False,
        help_text="Leave it empty to use the file's name.",
    )
    visibility = forms.ChoiceField(
        label="Who sees it",
        choices=[
            (Document.Visibility.PRIVATE, "Members"),
            (Document.Visibility.PUBLIC, "Everybody who has the address"),
        ],
        initial=Document.Visibility.PRIVATE,
    )
