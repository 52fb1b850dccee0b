"""How listings are narrowed: one set for the API, the search page and the admin."""

from datetime import timedelta
from typing import Any, ClassVar

import django_filters
from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db.models import Exists, F, FloatField, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Now

from jobly.errors import Rejected

from .models import Job, Sighting, Upload
from .rules.currencies import exponent
from .rules.gazetteer import country_code
from .rules.geo import MAX_RADIUS, cells_around
from .rules.places import point_of
from .rules.texts import fold

MAX_QUERY = 200  # characters a person may search by
DISTANCE = "distance"
REMOTE_WORDS = {"true": ["remote", "hybrid"], "false": ["onsite"]}


class KmTo(Func):
    """Kilometres from a point to the nearest place of a job, null where none has coordinates."""

    function = "ingestion_job_km"
    output_field = FloatField()


class WordFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """Several words, comma-separated."""


def is_measured(rows: QuerySet[Job]) -> bool:
    """Say whether rows know how far they are from where one looks."""
    return DISTANCE in rows.query.annotations


class KnownFirst(django_filters.OrderingFilter):
    """Order by a column; rows that have no value come last either way."""

    def filter(self, qs: QuerySet[Job], value: list[str] | None) -> QuerySet[Job]:
        """Apply the chosen columns, then the id, so that pages do not overlap."""
        if not value:
            return qs
        if DISTANCE in {name.lstrip("-") for name in value} and not is_measured(qs):
            message = "by distance only with location and radius_km"
            raise Rejected(f"ordering: {message}", fields={"ordering": [message]})
        columns = [self.get_ordering_value(param) for param in value]
        ordered = [
            F(name[1:]).desc(nulls_last=True) if name[0] == "-" else F(name).asc(nulls_last=True)
            for name in columns
        ]
        return qs.order_by(*ordered, "-pk")


class JobFilter(django_filters.FilterSet):
    """Jobs by words, place, kind of work, pay, source and age; see each filter."""

    q = django_filters.CharFilter(method="search", label="Words")
    location = django_filters.CharFilter(method="near", label="Place")
    radius_km = django_filters.NumberFilter(
        method="measured", label="Within so many km", min_value=1, max_value=MAX_RADIUS
    )
    remote = django_filters.CharFilter(method="work_place", label="Remote")
    employment_type = WordFilter(lookup_expr="in")
    seniority = WordFilter(lookup_expr="in")
    skills = WordFilter(method="all_skills", label="Skills")
    salary_min = django_filters.NumberFilter(method="pays", label="Pay a year, at least")
    currency = django_filters.CharFilter(field_name="salary_currency", lookup_expr="iexact")
    source = django_filters.CharFilter(method="seen_at", label="Source")
    employer = django_filters.CharFilter(method="of_employer", label="Employer")
    posted_since = django_filters.CharFilter(method="since", label="Posted since")
    status = django_filters.ChoiceFilter(choices=Job.Status.choices)
    ordering = KnownFirst(
        fields={
            "search__newest": "posted_at",
            "salary_annual_max": "salary",
            "title": "title",
            DISTANCE: "distance",
        }
    )

    class Meta:
        model = Job
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[Job], _name: str, value: str) -> QuerySet[Job]:
        """Keep jobs that have all the words, "phrases" and -exclusions as on the web."""
        query = SearchQuery(fold(value[:MAX_QUERY]), config="english", search_type="websearch")
        return rows.filter(search__document=query)

    def near(self, rows: QuerySet[Job], _name: str, value: str) -> QuerySet[Job]:
        """Keep jobs whose place has each comma-separated part in city, region or country.

        With a radius the place is a point, and a job counts with the nearest of its places.
        """
        if (self.data or {}).get("radius_km"):
            return rows
        for part in filter(None, (p.strip() for p in value[:MAX_QUERY].split(","))):
            here = Q(city__iexact=part) | Q(region__iexact=part) | Q(location_text__icontains=part)
            code = country_code(part)
            rows = rows.filter(here | Q(country=code) if code else here)
        return rows

    def measured(self, rows: QuerySet[Job], _name: str, value: Any) -> QuerySet[Job]:
        """Keep jobs within so many kilometres of the location, and know how far each is."""
        point = point_of(str((self.data or {}).get("location") or "")[:MAX_QUERY])
        if point is None:
            message = "with radius_km, name one city we know, or write latitude,longitude"
            raise Rejected(f"location: {message}", fields={"location": [message]})
        km = float(value)
        distance = KmTo(F("lat"), F("lon"), F("more_places"), *map(Value, point))
        near = rows.filter(cells__overlap=cells_around(*point, km))
        return near.annotate(distance=distance).filter(distance__lte=km)

    def work_place(self, rows: QuerySet[Job], _name: str, value: str) -> QuerySet[Job]:
        """Keep remote, hybrid or onsite jobs; true means remote or hybrid."""
        words = REMOTE_WORDS.get(value.lower(), value.lower().split(","))
        return rows.filter(remote__in=words)

    def all_skills(self, rows: QuerySet[Job], _name: str, value: list[str]) -> QuerySet[Job]:
        """Keep jobs that ask for every skill named."""
        return rows.filter(skills__contains=[word for word in value if word])

    def pays(self, rows: QuerySet[Job], _name: str, value: Any) -> QuerySet[Job]:
        """Keep jobs that state a yearly pay of at least so many whole units."""
        currency = str((self.data or {}).get("currency", "")).upper()
        return rows.filter(salary_annual_max__gte=int(value * 10 ** exponent(currency)))

    def seen_at(self, rows: QuerySet[Job], _name: str, value: str) -> QuerySet[Job]:
        """Keep jobs of which they or a copy were seen at the source of this name."""
        seen = Sighting.objects.filter(source__name=value)
        copies = seen.filter(job__cluster=OuterRef("cluster")).exclude(
            job__company__isnull=False, job__on_board=False
        )
        return rows.filter(Exists(seen.filter(job=OuterRef("pk"))) | Exists(copies))

    def of_employer(self, rows: QuerySet[Job], _name: str, value: str) -> QuerySet[Job]:
        """Keep jobs of one employer, by id or by name."""
        if value.isascii() and value.isdigit():
            return rows.filter(employer_id=int(value[:18]))
        return rows.filter(employer__name__icontains=value[:MAX_QUERY])

    def since(self, rows: QuerySet[Job], _name: str, value: str) -> QuerySet[Job]:
        """Keep jobs posted within so many days (`7`), or on and after an ISO date."""
        if value.isascii() and value.isdigit() and len(value) <= 4:  # noqa: PLR2004 # 27 years
            return rows.filter(search__newest__gte=Now() - timedelta(days=int(value)))
        try:
            moment = django_filters.IsoDateTimeFilter().field.clean(value)
        except ValidationError as wrong:
            message = "expected a number of days or an ISO date"
            raise Rejected(
                f"posted_since: {message}", fields={"posted_since": [message]}
            ) from wrong
        return rows.filter(search__newest__gte=moment)


class UploadFilter(django_filters.FilterSet):
    """Files by company slug and status."""

    company = django_filters.CharFilter(field_name="company__slug")

    class Meta:
        model = Upload
        fields: ClassVar = ["status", "company"]
