"""The form that confirms a retry of many publications."""

from django import forms


class RetryForm(forms.Form):
    """Why they are sent again, and the moment of the question: what failed later is not meant."""

    why = forms.CharField(
        max_length=200,
        error_messages={"required": "Say why, in a few words: it is kept with the work."},
    )
    until = forms.DateTimeField(widget=forms.HiddenInput)
