"""Forms of people and keys."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import AuthenticationForm, BaseUserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordInput,
)

from .models import ApiKey, User
from .rules import SCOPES


class SignInForm(AuthenticationForm):
    """Address and password; the address is compared without case, here and in the lock-out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "maxlength": 254}
        )

    def clean_username(self) -> str:
        """Fold the case: ten spellings of one address are not ten chances to guess."""
        return str(self.cleaned_data["username"]).strip().lower()


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
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
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
