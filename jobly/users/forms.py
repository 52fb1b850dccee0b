"""Forms of people and keys."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import AuthenticationForm, BaseUserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
)

from .models import ApiKey, Membership, User
from .reports import is_last_owner
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
            self.fields[name].widget = UnfoldAdminPasswordWidget(
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
        help_texts: ClassVar = {
            "name": "What the key is for, so that you know it again.",
            "company": "The key acts for this company alone. Empty: it may all that you may.",
        }


class MembershipForm(forms.ModelForm[Membership]):
    """A person's role in a company; a new member is named by e-mail address."""

    email = forms.EmailField(
        label="E-mail address",
        widget=UnfoldAdminEmailInputWidget,
        help_text="Of somebody who has an account here; operators make accounts.",
    )

    class Meta:
        model = Membership
        fields: ClassVar = ["company", "email", "role"]
        help_texts: ClassVar = {
            "role": "Owners also add members and keys; recruiters publish; viewers only read."
        }

    def clean_email(self) -> str:
        """Find the account."""
        address = self.cleaned_data["email"]
        person = User.objects.filter(email__iexact=address, is_active=True).first()
        if person is None:
            raise forms.ValidationError("There is no account with this address.")
        self.instance.user = person
        return str(address)

    def clean(self) -> dict[str, Any]:
        """Refuse a second role for the same person, and a company without an owner."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        row, company = self.instance, given.get("company")
        if row._state.adding and company and "email" in given:  # noqa: SLF001 # Django's own way
            if Membership.objects.filter(user=row.user, company=company).exists():
                self.add_error("email", "This person has a role here already; change that one.")
        elif not row._state.adding and given.get("role") != Membership.Role.OWNER:  # noqa: SLF001
            before = Membership.objects.get(pk=row.pk)
            if is_last_owner(before):
                self.add_error("role", "A company keeps at least one owner.")
        return given
