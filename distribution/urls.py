"""Routes of distribution: those below /api/v1/, which the project's router takes in, and pages."""

from django.urls import URLPattern, path, re_path
from rest_framework.routers import SimpleRouter

from .api.channels import ChannelViewSet
from .api.distributions import DistributionViewSet
from .views.feeds import feed
from .views.going import go

router = SimpleRouter()
router.register("channels", ChannelViewSet, "channels")
router.register("distributions", DistributionViewSet, "distributions")

urlpatterns: list[URLPattern] = [
    path("feeds/<slug:slug>/<str:file>", feed, name="feed"),
    re_path(r"^go/(?P<token>[A-Za-z0-9_-]{8,32})/?$", go, name="go"),
]
