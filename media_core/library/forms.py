"""The forms of a tenant's pages. What may be stored or changed is decided by the flows, not here."""

from typing import Any

from django import forms

from media_core.documents.models import Document
from tenants.form_fields import ValidatedCharField
from tenants.names import MAX_NAME, MAX_TITLE, clean_file_name, clean_folder_name, clean_title


class RefusableForm(forms.Form):
    """A form that comes back as it was sent, with the sentence of the flow that refused it."""

    def refuse(self, sentence: str) -> None:
        """Show this sentence instead of the fields' own errors."""
        self.full_clean()
        self.errors.clear()
        self.add_error(None, sentence)


class UploadForm(RefusableForm):
    """One file with a title, for one place. In a restricted folder there is no choice of who can open it."""

    title = ValidatedCharField(
        clean_title,
        max_length=MAX_TITLE,
        required=False,
        help_text="Leave it empty to use the file's name.",
    )
    visibility = forms.ChoiceField(
        label="Who can open it",
        choices=[
            (Document.Visibility.PRIVATE, "Members"),
            (Document.Visibility.PUBLIC, "Everyone with the link"),
        ],
        initial=Document.Visibility.PRIVATE,
        help_text="Files other than photos are published as they are, with any location saved in them.",
    )
    folder = forms.UUIDField(required=False, widget=forms.HiddenInput)
    # Last: the fields before it are read also when the file is not.
    file = forms.FileField(allow_empty_file=True, error_messages={"required": "Choose a file."})

    def __init__(self, *args: Any, restricted: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if restricted:
            del self.fields["visibility"]


class RenameForm(RefusableForm):
    """A document's title and the name of its file. The flow checks that the ending stays."""

    title = ValidatedCharField(
        clean_title, max_length=MAX_TITLE, required=False,
        help_text="Leave it empty to use the file's name.",
    )  # fmt: skip
    file_name = ValidatedCharField(
        clean_file_name, max_length=MAX_NAME, label="File name",
        help_text="Keep its ending, such as .pdf.",
    )  # fmt: skip


class ReplaceForm(RefusableForm):
    """A file that becomes a document's newest version, and what changed."""

    note = ValidatedCharField(
        clean_title, max_length=MAX_TITLE, required=False, label="What changed",
        help_text="For the list of versions. You may leave it empty.",
    )  # fmt: skip
    # Last: the note is read also when the file is not.
    file = forms.FileField(allow_empty_file=True, error_messages={"required": "Choose a file."})


class FolderForm(forms.Form):
    """The name of a folder, and where it is to stand. The flow checks both."""

    name = ValidatedCharField(clean_folder_name, max_length=MAX_NAME)
    folder = forms.UUIDField(required=False, widget=forms.HiddenInput)


class TargetForm(forms.Form):
    """A place to move something to, the top when empty, and the number of people it was agreed to let in."""

    into = forms.UUIDField(required=False)
    widens_to = forms.IntegerField(required=False, min_value=0)


def format_errors(form: forms.Form) -> str:
    """Return what is wrong with the form's fields, in one line."""
    return "; ".join(
        f"{form[name].label}: {' '.join(map(str, why))}" for name, why in form.errors.items()
    )
