"""Admin of people and companies, and what every admin page of tenant data builds on."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm

from jobly.errors import JoblyError

from . import actions
from .forms import ApiKeyForm, NewUserForm
from .models import ApiKey, Company, Membership, User, principal_of

# what a role may do in the admin, by app label and model; rows are narrowed by visible_to()
READ_MODELS = frozenset(
    {
        "users.company",
        "users.membership",
        "users.apikey",
        "runs.run",
        "ingestion.upload",
        "ingestion.job",
        "ingestion.employer",
        "distribution.channel",
        "distribution.distribution",
        "distribution.attempt",
    }
)
WRITE_MODELS = frozenset(
    {"ingestion.upload", "ingestion.job", "distribution.channel", "distribution.distribution"}
)
OWNER_MODELS = frozenset({"users.membership", "users.apikey"})


class RoleBackend(BaseBackend):
    """Give members of a company their rights in the admin by role; operators have them all."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Whether the person may do `app.verb_model`; rows are scoped elsewhere."""
        if isinstance(user_obj, AnonymousUser) or not user_obj.is_active:
            return False
        if user_obj.is_staff:
            return True
        app, _, codename = perm.partition(".")
        verb, _, model = codename.partition("_")
        return f"{app}.{model}" in self._models(user_obj, verb)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the app shows up in the menu."""
        if isinstance(user_obj, AnonymousUser) or not user_obj.is_active:
            return False
        models = self._models(user_obj, "view")
        return user_obj.is_staff or any(name.startswith(f"{app_label}.") for name in models)

    def _models(self, user: User, verb: str) -> frozenset[str]:
        """Return the models the person's best role may touch with this verb."""
        roles: frozenset[str] | None = getattr(user, "_roles", None)
        if roles is None:
            roles = frozenset(Membership.objects.filter(user=user).values_list("role", flat=True))
            user._roles = roles  # type: ignore[attr-defined] # noqa: SLF001 # memo of one request
        if not roles:
            return frozenset()
        if verb == "view":
            return READ_MODELS
        allowed = WRITE_MODELS if roles & {"owner", "recruiter"} else frozenset()
        return allowed | OWNER_MODELS if "owner" in roles else allowed


class CompanyScopedAdmin(ModelAdmin):
    """Base of every admin class of tenant data: rows, choices and links stay in the company.

    `company_lookup` is the path from the row to its company.
    """

    company_lookup = "company"
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows this person may see."""
        rows: QuerySet[Any] = super().get_queryset(request)
        visible = self.model._default_manager.visible_to(principal_of(request))  # noqa: SLF001 # Django's own API
        return rows.filter(pk__in=visible.values("pk"))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any]:
        """Offer only rows of the person's companies."""
        rows = scoped_choices(db_field.remote_field.model, request)
        if rows is not None:
            kwargs["queryset"] = rows
        field: ModelChoiceField[Any] = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

    def tell(self, request: HttpRequest, text: str, *, ok: bool = True) -> None:
        """Show one line about what happened."""
        messages.add_message(request, messages.SUCCESS if ok else messages.ERROR, text)


def scoped_choices(model: type[Model], request: HttpRequest) -> QuerySet[Any] | None:
    """Return the rows of `model` a person may pick, or None where the model is nobody's."""
    rows = model._default_manager.get_queryset()  # noqa: SLF001 # Django's own API
    principal = principal_of(request)
    if model is Company:
        return rows if principal.is_staff else rows.filter(pk__in=principal.writable_ids)
    if model is User:
        same = rows.filter(memberships__company__in=principal.company_ids).distinct()
        return rows if principal.is_staff else same
    if hasattr(rows, "visible_to"):
        visible: QuerySet[Any] = rows.visible_to(principal)
        return visible
    return None


if admin.site.is_registered(Group):
    admin.site.unregister(Group)  # roles of a company replace Django's groups


class MembershipInline(TabularInline):
    """Who works for a company, on the company's page."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """People, for operators."""

    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    search_fields = ("email", "name")
    list_filter = ("is_active", "is_staff")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets: ClassVar = (
        (None, {"fields": ("email", "password", "name", "time_zone")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Seen", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets: ClassVar = ((None, {"fields": ("email", "name", "password1", "password2")}),)


@admin.register(Company)
class CompanyAdmin(ModelAdmin):
    """The tenants."""

    list_display = ("name", "slug", "is_demo", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Company]:
        """Return all companies to operators, their own to members."""
        rows: QuerySet[Company] = super().get_queryset(request)
        principal = principal_of(request)
        return rows if principal.is_staff else rows.filter(pk__in=principal.company_ids)


@admin.register(ApiKey)
class ApiKeyAdmin(CompanyScopedAdmin):
    """Keys of programs: made here, shown once, revoked here."""

    form = ApiKeyForm
    list_display = ("__str__", "name", "user", "company", "scopes", "expires_at", "last_used_at")
    list_filter = ("company",)
    list_select_related = ("user", "company")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Say no: a key is made and revoked, never edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Rows stay for the audit; revoking ends a key."""
        return False

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: ModelForm[Any], change: bool
    ) -> None:
        """Make the key for the person who asks, and show its text once."""
        days = form.cleaned_data["days"]
        key, text = actions.create_api_key(
            User.objects.get(pk=request.user.pk),
            scopes=form.cleaned_data["scopes"],
            company=form.cleaned_data["company"],
            lifetime=timedelta(days=days) if days else None,
            name=form.cleaned_data["name"],
        )
        obj.pk, obj.prefix, obj.user = key.pk, key.prefix, key.user
        self.tell(request, f"Copy this key now, it is not shown again: {text}")

    @admin.action(description="Revoke the selected keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """End each selected key at once."""
        for key in queryset:
            try:
                actions.revoke_api_key(key)
            except JoblyError as wrong:
                self.tell(request, wrong.message, ok=False)
        self.tell(request, "Revoked. Programs that use these keys get 401 from now on.")
