"""Admin of the words a company writes to applicants, and of how long it keeps them."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from distribution.forms.applicants import ReplyForm, TermsForm
from distribution.models import ApplicationTerms, ReplyTemplate
from jobly.users.admin.scoped import CompanyFilter, CompanyScopedAdmin, actor_of, scoped_choices
from jobly.users.models import Company


class OneCompanyFirst(CompanyScopedAdmin):
    """A form that begins with the person's own company."""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose the first company the person writes for."""
        companies = scoped_choices(Company, request)
        return {"company": companies.first() if companies is not None else None}


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(OneCompanyFirst):
    """Letters written once and sent often."""

    form = ReplyForm
    list_display = ("name", "subject", "company")
    list_filter = (CompanyFilter,)
    list_select_related = ("company",)
    search_fields = ("name", "subject")
    intro = "Words to send when applications move on; choose one where you move them."
    add_words = "Write a template"
    empty_words = "No template yet. Write one, and choose it where you move applications."

    def save_model(
        self, request: HttpRequest, obj: ReplyTemplate, form: ModelForm[Any], change: bool
    ) -> None:
        """Note who wrote it."""
        obj.saved_by = actor_of(request)
        super().save_model(request, obj, form, change)


@admin.register(ApplicationTerms)
class ApplicationTermsAdmin(OneCompanyFirst):
    """How long applications are kept, and what is written first."""

    form = TermsForm
    list_display = ("company", "keep_days", "idle_days", "privacy_url")
    list_select_related = ("company",)
    intro = "How long a company keeps applications after a job has closed, and its first letter."
    add_words = "Set your terms"
    empty_words = (
        "Applications are kept for 180 days after a job has closed, and confirmed in our words."
    )
