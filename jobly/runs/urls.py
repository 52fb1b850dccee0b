"""Addresses of runs: the page people watch, and the routes of the API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from . import views
from .api import EventsView, QueueViewSet, RunViewSet

router = SimpleRouter()
router.register("background-jobs", RunViewSet, "background-jobs")
router.register("queues", QueueViewSet, "queues")
api_urlpatterns = [*router.urls, path("events/", EventsView.as_view(), name="events")]

urlpatterns = [
    path("<uuid:pk>/", views.show_run, name="run"),
    path("<uuid:pk>/cancel/", views.cancel_run, name="run-cancel"),
    path("<uuid:pk>/retry/", views.retry_run, name="run-retry"),
    path("<uuid:pk>/start-now/", views.start_run_now, name="run-start-now"),
    path("<uuid:pk>/history/", views.show_history, name="run-history"),
]
