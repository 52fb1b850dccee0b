"""What one may write otherwise to see what that would change."""

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ingestion.rules.html import MAX_DESCRIPTION


class WhatIfForm(forms.Form):
    """The fields of a job that boards show first; nothing of it is saved."""

    title = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget())
    salary = forms.CharField(
        label="Pay",
        max_length=200,
        required=False,
        help_text="Such as EUR 33,000 - 42,000 per year.",
        widget=UnfoldAdminTextInputWidget(),
    )
    location = forms.CharField(
        label="Place",
        max_length=300,
        required=False,
        help_text="As you would say it: Lyon, France.",
        widget=UnfoldAdminTextInputWidget(),
    )
    description = forms.CharField(
        label="Text",
        required=False,
        max_length=MAX_DESCRIPTION,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )
