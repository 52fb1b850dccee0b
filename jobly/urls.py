"""Every address of the web server; the live server has its own in `asgi`."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

from distribution.api.performance import PerformanceReport
from distribution.urls import api_urlpatterns as distribution_api
from distribution.urls import router as distribution_router
from ingestion.api.collecting import Collect, Ingest, ProcessingStatus
from ingestion.api.jobs import JobViewSet
from ingestion.api.uploads import UploadViewSet
from jobly.runs.urls import api_urlpatterns as runs_api

from . import api, views

router = SimpleRouter()
router.register("jobs", JobViewSet, "jobs")
router.register("uploads", UploadViewSet, "uploads")
router.registry.extend(distribution_router.registry)

v1: list[URLPattern | URLResolver] = [
    path("", views.Root.as_view(), name="root"),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[AllowAny]), name="schema"),
    path("jobs/collect/", Collect.as_view(), name="jobs-collect"),
    path("jobs/ingest/", Ingest.as_view(), name="jobs-ingest"),
    path("jobs/processing-status/", ProcessingStatus.as_view(), name="jobs-processing-status"),
    path(
        "distributions/performance/", PerformanceReport.as_view(), name="distributions-performance"
    ),
    *router.urls,
    *distribution_api,
    *runs_api,
]
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^(?:health|healthz)/?$", views.health, name="health"),
    re_path(r"^readyz/?$", views.readyz, name="readyz"),
    re_path(r"^metrics/?$", ExportToDjangoView, name="metrics"),
    path("api/v1/", include((v1, "api"))),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
    re_path(r"^api/", api.not_found),
    path("admin/", admin.site.urls),
    path("files/", include("jobly.artifacts.urls")),
    path("runs/", include("jobly.runs.urls")),
    path("", include("jobly.users.urls")),
    path("", include("ingestion.urls")),
    path("", include("distribution.urls")),
]
handler400 = "jobly.errorpages.bad_request"
handler403 = "jobly.errorpages.forbidden"
handler404 = "jobly.errorpages.not_found"
handler500 = "jobly.errorpages.server_error"
admin.site.site_url = settings.PUBLIC_URL or "/"
