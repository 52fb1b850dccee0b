"""Reads about people and companies that commands and pages share."""

from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import F, QuerySet, Sum

from jobly.errors import Rejected

from .models import Company, Membership, ModelSpend, User
from .rules import Principal

OPERATORS_TOKENS = 200_000_000  # a month, for texts of the public catalogue


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens of a model server that a company used this month, and how many it may."""

    month: date
    used: int
    cap: int

    @property
    def left(self) -> int:
        """How many it may still use."""
        return max(0, self.cap - self.used)


def company_by_slug(slug: str) -> Company:
    """Return the company, or refuse and name the ones there are."""
    company = Company.objects.filter(slug=slug).first()
    if company is None:
        known = ", ".join(Company.objects.order_by("slug").values_list("slug", flat=True)[:10])
        raise Rejected(f"There is no company {slug}; nothing was changed. Known: {known or 'none'}")
    return company


def demo_person(role: str) -> User | None:
    """Return the first active demo person who is a recruiter, seeker or staff."""
    people = User.objects.filter(is_demo=True, is_active=True).order_by("date_joined", "pk")
    if role == "staff":
        return people.filter(is_staff=True).first()
    people = people.filter(is_staff=False, is_superuser=False)
    if role == "recruiter":
        return people.filter(memberships__role__in=["owner", "recruiter"]).first()
    return people.filter(memberships=None).first() if role == "seeker" else None


def owned_companies(principal: Principal) -> QuerySet[Company]:
    """Return the companies whose members and keys the principal looks after."""
    rows = Company.objects.order_by("name")
    if principal.is_staff:
        return rows
    role = Membership.Role.OWNER
    mine = Membership.objects.filter(user=principal.user_id, role=role)
    return rows.filter(pk__in=mine.values("company"))


def is_last_owner(membership: Membership) -> bool:
    """Whether nobody else owns the company of an owner's membership."""
    role = Membership.Role.OWNER
    others = Membership.objects.filter(company=membership.company_id, role=role)
    return membership.role == role and not others.exclude(pk=membership.pk).exists()


def spending(company: Company | None) -> Spending:
    """Return what a company used of the model server this month, calls under way included."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date")
        month: date = cursor.fetchone()[0]
    cap = OPERATORS_TOKENS
    if company is not None:
        cap = Company.objects.values_list("monthly_tokens", flat=True).get(pk=company.pk)
    rows = ModelSpend.objects.filter(company=company, month=month)
    used = rows.aggregate(n=Sum(F("tokens_in") + F("tokens_out") + F("reserved"), default=0))["n"]
    return Spending(month, used, cap)
