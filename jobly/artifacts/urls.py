"""The one address of stored bytes."""

from django.urls import path

from . import views

app_name = "artifacts"
urlpatterns = [path("<str:token>/", views.download, name="download")]
