from django import forms

from portal.faults.notes import LONGEST


class NoteForm(forms.Form):
    """The rules are the service's (`portal.faults.notes`)."""

    text = forms.CharField(
        label="Note",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST}),
        error_messages={"required": "Enter a note."},
    )
