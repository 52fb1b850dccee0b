"""The base of every admin page: rows, choices, filters and actions stay in the company."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from jobly.errors import Forbidden, JoblyError
from jobly.users.models import Company, User, principal_of

SHOWN = "%-d %b %Y, %H:%M %Z"
MOST_COMPANIES = 200  # offered in a filter
MOST_AT_ONCE = 500  # rows that one press changes
MOST_REFUSALS = 5  # named one by one after an action on many rows


def of_one_row(page: Callable[[Any, HttpRequest, Any], HttpResponse]) -> Callable[..., Any]:
    """Make a page of one row of an admin's `change_view`.

    What is not there leads back with a message, what is not for the person is refused.
    """

    @wraps(page)
    def change_view(self: Any, request: HttpRequest, object_id: str, *_form: Any) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return missing
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return page(self, request, row)

    return change_view


class PagedAdmin(ModelAdmin):
    """What every list and page of the admin has.

    `intro` says above the list what it shows, `add_words` what its button does, `empty_words`
    when rows come to a list that has none, `more` which other lists belong to it.
    """

    list_per_page = 50
    list_before_template = "admin/_before_list.html"
    intro = ""
    empty_words = ""
    more: tuple[tuple[str, str], ...] = ()  # words, name of the address
    add_words = ""

    def page(self, request: HttpRequest, **shown: Any) -> dict[str, Any]:
        """Return what every page of the admin shows, and this page's own."""
        frame = self.admin_site.each_context(request)
        return {**frame, "opts": self.opts, "has_add_permission": False, **shown}


class CompanyScopedAdmin(PagedAdmin):
    """Base of every admin class of tenant data: rows, choices and links stay in the company.

    `company_lookup` is the path from the row to its company.
    """

    company_lookup = "company"
    list_display: Any = ("__str__",)
    actions: Any = ()
    show_add_link = False  # a button with words stands above the list instead
    beside: tuple[Callable[[QuerySet[Any]], QuerySet[Any]], ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows this person may see."""
        rows: QuerySet[Any] = super().get_queryset(request)
        principal = principal_of(request)
        if not principal.is_staff:
            visible = self.model._default_manager.visible_to(principal)  # noqa: SLF001 # Django's own API
            rows = rows.filter(pk__in=visible.values("pk"))
        for fetch in self.beside:
            rows = fetch(rows)
        return rows

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Leave out the company where it is always the same one."""
        principal = principal_of(request)
        several = principal.is_staff or len(principal.company_ids) > 1
        return [name for name in super().get_list_display(request) if several or name != "company"]

    def show_beside(
        self,
        fetch: Callable[[QuerySet[Any]], QuerySet[Any]],
        *,
        column: Callable[[Any], Any],
        action: Callable[..., Any],
    ) -> None:
        """Let an app further down the picture add a column with what it reads, and an action."""
        self.beside = (*self.beside, fetch)
        self.list_display = (*self.list_display, column)
        self.actions = (*(self.actions or ()), action)

    def company_id_of(self, row: Any) -> UUID | None:
        """Return whose row it is."""
        *path, last = self.company_lookup.split("__")
        for name in path:
            row = getattr(row, name)
        found: UUID | None = getattr(row, f"{last}_id")
        return found

    def may_write(self, request: HttpRequest, row: Any) -> bool:
        """Whether the person's role in the row's own company lets them change it."""
        return principal_of(request).may_write(self.company_id_of(row))

    def has_work_permission(self, request: HttpRequest) -> bool:
        """Whether the person may change anything at all; asked by actions on many rows."""
        principal = principal_of(request)
        return principal.is_staff or bool(principal.writable_ids)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for the right in general, and for this row's company."""
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or self.may_write(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for the right in general, and for this row's company."""
        may: bool = super().has_delete_permission(request, obj)
        return may and (obj is None or self.may_write(request, obj))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any]:
        """Offer only rows of the person's companies, and nothing else."""
        rows = scoped_choices(db_field.remote_field.model, request)
        if rows is not None:
            kwargs["queryset"] = rows
        field: ModelChoiceField[Any] = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Show a choice of rows without buttons that add, change or delete such rows."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **kwargs: Any
    ) -> HttpResponse:
        """Show one button that saves."""
        one = {"show_save_and_add_another": False, "show_save_and_continue": False}
        answer: HttpResponse = super().render_change_form(request, {**context, **one}, **kwargs)
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or take the form; what an action refuses after the form agreed is told."""
        try:
            answer: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        except JoblyError as wrong:
            self.tell(request, f"{wrong.message} Nothing was changed.", ok=False)
            return redirect(request.get_full_path())
        return answer

    def tell(self, request: HttpRequest, text: str, *, ok: bool = True) -> None:
        """Show one line about what happened."""
        messages.add_message(request, messages.SUCCESS if ok else messages.ERROR, text)

    def each(
        self, request: HttpRequest, rows: QuerySet[Any], change: Callable[..., Any], *, done: str
    ) -> None:
        """Apply one action to each row the person may change; a refusal stops no other row.

        They wait for it, so there is a bound: beyond it nothing is changed.
        """
        if rows[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE:
            text = f"Choose at most {MOST_AT_ONCE}, by a filter or by hand. Nothing was changed."
            self.tell(request, text, ok=False)
            return
        actor = actor_of(request)
        changed, refused = 0, 0
        for row in rows:
            try:
                if not self.may_write(request, row):
                    raise Forbidden("your role in this company only reads.")
                change(row, actor=actor)
                changed += 1
            except JoblyError as wrong:
                refused += 1
                if refused <= MOST_REFUSALS:
                    self.tell(request, f"{row}: {wrong.message}", ok=False)
        if refused > MOST_REFUSALS:
            self.tell(request, f"… and {refused - MOST_REFUSALS} more like this.", ok=False)
        if changed or not refused:
            self.tell(request, f"{changed} {done}.")


class ReadOnlyAdmin(CompanyScopedAdmin):
    """Rows that only the work itself writes: looked at here, changed by actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: rows come from the work itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: rows are changed by the work itself."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: the record stays."""
        return False


class CompanyFilter(admin.SimpleListFilter):
    """Narrow a list to one company; only offered to those who see several."""

    title = "company"
    parameter_name = "company"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the companies this person sees."""
        self.path = model_admin.company_lookup
        principal = principal_of(request)
        rows = Company.objects.order_by("name")
        if not principal.is_staff:
            rows = rows.filter(pk__in=principal.company_ids)
        return [(str(key), name) for key, name in rows.values_list("pk", "name")[:MOST_COMPANIES]]

    def has_output(self) -> bool:
        """Whether there is a choice at all."""
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of one of the companies offered."""
        value = self.value()
        if value is None:
            return queryset
        known = value in dict(self.lookup_choices)
        return queryset.filter(**{self.path: value}) if known else queryset.none()


def moment(value: datetime | None, nothing: str = "never") -> SafeString | str:
    """Say a time in the viewer's zone; the exact time in UTC stands on hover."""
    if value is None:
        return nothing
    here, exact = timezone.localtime(value), value.astimezone(UTC)
    shape = '<time datetime="{}" title="{} UTC">{}</time>'
    return format_html(shape, exact.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S}", f"{here:{SHOWN}}")


def actor_of(request: HttpRequest) -> User | None:
    """Return who acts, as the ledger notes it."""
    return request.user if isinstance(request.user, User) else None


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


class OperatorsOnly(PagedAdmin):
    """Pages of the system itself."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show them to operators."""
        return bool(getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show them to operators, whatever other rights a person has."""
        return self.has_module_permission(request) and super().has_view_permission(request, obj)


class OperatorsLook(OperatorsOnly):
    """Records of the system itself: looked at, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: rows come from the work itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: rows are changed by the work itself."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: the record stays."""
        return False
