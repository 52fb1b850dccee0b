"""What channels and jobs brought, by REST."""

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from distribution.filtersets import by_slug_or_id
from distribution.forms.performance import PerformanceForm
from distribution.models import Channel
from distribution.reports.durations import Took, durations
from distribution.reports.performance import Line, performance
from distribution.rules.performance import CostRange
from jobly.errors import Rejected
from jobly.users.api import HasScope
from jobly.users.models import principal_of

LIMIT = 5_000  # lines an answer holds
PARAMETERS = [
    OpenApiParameter("company", str, description="slug; none = all of yours"),
    OpenApiParameter("from", str, description="first day (UTC), YYYY-MM-DD"),
    OpenApiParameter("to", str, description="last day (UTC), YYYY-MM-DD"),
    OpenApiParameter("days", int, enum=[7, 30, 90, 365], description="instead of from"),
    OpenApiParameter("by", str, enum=["channel", "job"]),
    OpenApiParameter("channel", str, description="slug or id"),
    OpenApiParameter("job", int),
]


class PerformanceReport(APIView):
    """Views, clicks, applications, interviews, hires and costs, line by line."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)

    @extend_schema(
        operation_id="distributions_performance",
        parameters=PARAMETERS,
        responses={200: dict[str, Any]},
    )
    def get(self, request: Request) -> Response:
        """Read what each channel or job brought within a period."""
        form = PerformanceForm(_asked(request), principal=principal_of(request))
        if not form.is_valid():
            fields = {name.rstrip("_"): [str(e) for e in found] for name, found in
                      form.errors.items()}  # fmt: skip
            raise Rejected("These figures cannot be read.", fields=fields)
        scope = form.scope
        found, took = performance(scope), durations(scope)
        chart = found.trend
        return Response(
            {
                "by": scope.by,
                "from": scope.period.first,
                "to": scope.period.last,
                "results": [_line(line) for line in found.lines[:LIMIT]],
                "count": len(found.lines),
                "total": _line(found.total),
                "trend": [
                    {
                        "day": bar.day,
                        "to": bar.last,
                        "clicks": bar.clicks,
                        "applications": bar.applications,
                    }
                    for bar in chart.bars
                ],
                "days": {
                    "to_interview": _took(took.to_interview),
                    "to_hire": _took(took.to_hire),
                    "to_fill": _took(took.to_fill),
                    "in_stage": {
                        row.stage: {"left": _took(row.left), "waiting": _took(row.waiting)}
                        for row in took.stages
                    },
                },
            }
        )


def _asked(request: Request) -> QueryDict:
    """Return the query with the channel by its id, as the form wants it."""
    asked = request.query_params.copy()
    if word := asked.get("channel"):
        rows = Channel.objects.visible_to(principal_of(request)).filter(by_slug_or_id(word))
        if company := asked.get("company"):
            rows = rows.filter(company__slug=company)
        keys = list(rows.values_list("pk", flat=True)[:2])
        if len(keys) > 1:
            fields = {"channel": ["several of yours are called so: name the company too"]}
            raise Rejected("It is not clear which channel is meant.", fields=fields)
        asked["channel"] = str(keys[0]) if keys else word
    return asked


def _line(line: Line) -> dict[str, Any]:
    """Return one line; own counts and those of boards side by side, never added."""
    return {
        "id": line.key,
        "name": line.name,
        "clicks": line.clicks,
        "clicks_without_visitor": line.unseen,
        "machines": line.machines,
        "applications": {
            "by_token": line.known,
            "matched": line.matched,
            "unknown": line.unknown,
            "unknown_share": round(line.unknown_share, 1),
        },
        "interviews": {"credited": line.interviews, "unknown": line.interviews_unknown},
        "hires": {"credited": line.hires, "unknown": line.hires_unknown},
        "board": {
            "views": line.views,
            "clicks": line.board_clicks,
            "applications": line.board_applications,
            "told_at": line.told_at,
            "sources": line.sources,
        },
        "rates": {
            "clicks_of_views": _rounded(line.click_rate),
            "applications_of_clicks": _rounded(line.application_rate),
            "interviews_of_applications": _rounded(line.interview_rate),
            "hires_of_interviews": _rounded(line.hire_rate),
        },
        "cost": [{"currency": c, "amount_minor": n} for c, n in sorted(line.costs.items())],
        "cost_per_click": list(map(_range, line.per_click)),
        "cost_per_application": list(map(_range, line.per_application)),
        "cost_per_hire": list(map(_range, line.per_hire)),
    }


def _range(found: CostRange) -> dict[str, Any]:
    return {
        "currency": found.currency,
        "at_least_minor": found.lower,
        "at_most_minor": found.upper,
    }


def _took(took: Took) -> dict[str, Any]:
    return {"count": took.count, "median_days": _rounded(took.median)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
