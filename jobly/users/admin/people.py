"""Admin of people, companies and who works where."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm

from jobly.users import actions, reports
from jobly.users.forms import MembershipForm, NewUserForm
from jobly.users.models import Company, Membership, User, principal_of

from .scoped import CompanyFilter, CompanyScopedAdmin

if admin.site.is_registered(Group):
    admin.site.unregister(Group)  # roles of a company replace Django's groups


class MembershipInline(TabularInline):
    """Who works for a company, on the company's page; owners have a page of their own for it."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let operators add; an owner looks at the company without changing it."""
        return principal_of(request).is_staff

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin):
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
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)


@admin.register(Company)
class CompanyAdmin(ModelAdmin):
    """The tenants."""

    list_display = ("name", "slug", "is_demo", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: its jobs, boards and records hang on it."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Company]:
        """Return all companies to operators, their own to members."""
        rows: QuerySet[Company] = super().get_queryset(request)
        principal = principal_of(request)
        return rows if principal.is_staff else rows.filter(pk__in=principal.company_ids)


@admin.register(Membership)
class MembershipAdmin(CompanyScopedAdmin):
    """Who works here and what they may do: added by e-mail address, one role a company."""

    form = MembershipForm
    list_display = ("person", "email", "role", "company")
    list_filter = (CompanyFilter, "role")
    list_select_related = ("user", "company")
    search_fields = ("user__email", "user__name")
    ordering = ("company__name", "user__email")
    actions = None
    intro = "Owners add people and keys, recruiters publish, viewers only read."
    add_words = "Add a person"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Return everybody to operators, one's colleagues to members."""
        rows: QuerySet[Membership] = ModelAdmin.get_queryset(self, request)
        principal = principal_of(request)
        return rows if principal.is_staff else rows.filter(company__in=principal.company_ids)

    def may_write(self, request: HttpRequest, row: Membership) -> bool:
        """Whether the person owns the company of this row."""
        return row.company in reports.owned_companies(principal_of(request))

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        """Keep the last owner: a company that nobody owns could be helped by operators only."""
        may: bool = super().has_delete_permission(request, obj)
        return may and (obj is None or not reports.is_last_owner(obj))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[ModelForm[Any]]:
        """Offer the companies the person owns."""
        form: type[ModelForm[Any]] = super().get_form(request, *args, **kwargs)
        if "company" in form.base_fields:
            owned = reports.owned_companies(principal_of(request))
            form.base_fields["company"].queryset = owned  # type: ignore[attr-defined] # a ModelChoiceField
            form.base_fields["company"].initial = owned.first()
        return form

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        """Ask for the address of a new member; of a known one only the role changes."""
        return ("company", "email", "role") if obj is None else ("role",)

    def save_model(
        self, request: HttpRequest, obj: Membership, form: ModelForm[Any], change: bool
    ) -> None:
        """Give the person the role."""
        row = actions.add_member(obj.user, obj.company, obj.role)
        obj.pk = row.pk

    @display(description="Person", ordering="user__name")
    def person(self, row: Membership) -> str:
        """Name the person."""
        return str(row.user)

    @display(description="E-mail", ordering="user__email")
    def email(self, row: Membership) -> str:
        """Show the address."""
        return row.user.email
