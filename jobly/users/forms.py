"""Forms of people and keys."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultiple,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordInput,
)

from .models import ApiKey, User
from .rules import SCOPES


class NewUserForm(BaseUserCreationForm[User]):
    """A person by address, name and first password."""

    class Meta:
        model = User
        fields = ("email", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].widget = UnfoldAdminPasswordInput(
                attrs={"autocomplete": "new-password"}
            )


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """What a key may do, for whom and for how long."""

    scopes = forms.MultipleChoiceField(
        choices=[(word, word) for word in SCOPES],
        widget=UnfoldAdminCheckboxSelectMultiple,
        help_text="What a program with this key may do.",
    )
    days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=3650,
        initial=90,
        label="Expires after days",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: never.",
    )

    class Meta:
        model = ApiKey
        fields: ClassVar = ["name", "company", "scopes"]
