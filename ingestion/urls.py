"""Addresses of the catalogue's pages; those of the API are in `jobly.urls`."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.search, name="search"),
    path("jobs/<int:pk>-<slug:slug>/", views.show_job, name="job"),
    path("jobs/<int:pk>/", views.show_job, name="job_by_number"),
]
