"""Admin of API keys."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString
from django.utils.timezone import now
from unfold.decorators import display

from jobly.users import actions, reports
from jobly.users.forms import ApiKeyForm
from jobly.users.models import ApiKey, Company, User, principal_of

from .scoped import CompanyFilter, CompanyScopedAdmin, moment

SOON = timedelta(days=7)


class ExpiryFilter(admin.SimpleListFilter):
    """Narrow keys to those that end within a week."""

    title = "expiry"
    parameter_name = "expires"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the one question."""
        return [("soon", "Expires within 7 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """Keep keys that still work and soon will not."""
        rows: Any = queryset
        return rows.usable().filter(expires_at__lt=now() + SOON) if self.value() else rows


@admin.register(ApiKey)
class ApiKeyAdmin(CompanyScopedAdmin):
    """Keys of programs: made here, shown once, revoked here."""

    form = ApiKeyForm
    list_display = ("__str__", "name", "user", "company", "may", "ends", "state")
    list_filter = (ExpiryFilter, CompanyFilter)
    list_select_related = ("user", "company")
    search_fields = ("name", "prefix")
    actions = ("revoke",)
    intro = "What programs sign in with; a key is shown once, when it is made."
    add_words = "Make a key"

    def may_write(self, request: HttpRequest, row: ApiKey) -> bool:
        """Whether it is the person's own key or one of a company they own."""
        own = row.user_id == principal_of(request).user_id
        return own or row.company in reports.owned_companies(principal_of(request))

    def has_work_permission(self, request: HttpRequest) -> bool:
        """Whether the person makes and revokes keys: owners and operators do."""
        return bool(self.has_add_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Say no: a key is made and revoked, never edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Say no: rows stay for the audit; revoking ends a key."""
        return False

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[ModelForm[Any]]:
        """Offer the companies the person has a role in: a key never does more than its person."""
        form: type[ModelForm[Any]] = super().get_form(request, *args, **kwargs)
        if "company" in form.base_fields:
            mine = Company.objects.filter(pk__in=principal_of(request).company_ids)
            form.base_fields["company"].queryset = mine  # type: ignore[attr-defined] # a ModelChoiceField
        return form

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: ModelForm[Any], change: bool
    ) -> None:
        """Make the key for the person who asks, and show its text once."""
        days = form.cleaned_data["days"]
        key, text = actions.create_api_key(
            get_object_or_404(User, pk=request.user.pk),
            scopes=form.cleaned_data["scopes"],
            company=form.cleaned_data["company"],
            lifetime=timedelta(days=days) if days else None,
            name=form.cleaned_data["name"],
        )
        obj.pk, obj.prefix, obj.user = key.pk, key.prefix, key.user
        self.tell(request, f"Copy this key now, it is not shown again: {text}")

    @admin.action(description="Revoke the selected keys", permissions=["work"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """End each selected key at once; programs that use it get 401 from now on."""

        def end(key: ApiKey, *, actor: User | None) -> None:  # noqa: ARG001 # told to every change
            actions.revoke_api_key(key)

        self.each(request, queryset, end, done="keys revoked")

    @display(description="May")
    def may(self, key: ApiKey) -> str:
        """List the scopes as words."""
        return ", ".join(key.scopes)

    @display(description="Expires", ordering="expires_at")
    def ends(self, key: ApiKey) -> SafeString | str:
        """Say when it ends by itself."""
        return moment(key.expires_at)

    @display(description="State", label={"usable": "success", "revoked": "danger"})
    def state(self, key: ApiKey) -> str:
        """Say whether it still opens anything."""
        if key.revoked_at:
            return "revoked"
        over = key.expires_at is not None and key.expires_at < now()
        return "expired" if over else "usable"
