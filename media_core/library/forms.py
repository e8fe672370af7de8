from django import forms

from media_core.documents.models import Document


class UploadForm(forms.Form):
    """One file with a title. What may be stored is decided by the upload's flow, not here."""

    file = forms.FileField(allow_empty_file=True)
    title = forms.CharField(
        max_length=200, required=False, help_text="Leave it empty to use the file's name."
    )
    visibility = forms.ChoiceField(
        label="Who sees it",
        choices=[
            (Document.Visibility.PRIVATE, "Members"),
            (Document.Visibility.PUBLIC, "Everybody who has the address"),
        ],
        initial=Document.Visibility.PRIVATE,
    )
