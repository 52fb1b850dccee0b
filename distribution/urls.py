"""Routes of distribution: those below /api/v1/, which the project's router takes in, and pages."""

from django.urls import URLPattern, path, re_path
from rest_framework.routers import SimpleRouter

from .api.applicants import ApplicantViewSet
from .api.approvals import ApprovalViewSet
from .api.channels import ChannelViewSet
from .api.distributions import DistributionViewSet
from .api.endpoints import EndpointViewSet
from .api.money import BudgetViewSet, ChargeViewSet
from .api.proof import ProofViewSet
from .api.routing import RoutingRuleViewSet
from .api.upkeep import UpkeepViewSet
from .api.webhooks import HookSecret, InboundHookViewSet, Webhook
from .views import applications, applying, boards, sitemaps
from .views.feeds import feed
from .views.going import go
from .views.intranet import colleagues

router = SimpleRouter()
router.register("applicants", ApplicantViewSet, "applicants")
router.register("approvals", ApprovalViewSet, "approvals")
router.register("budgets", BudgetViewSet, "budgets")
router.register("charges", ChargeViewSet, "charges")
router.register("channels", ChannelViewSet, "channels")
router.register("distributions", UpkeepViewSet, "upkeep")  # as the next one
router.register("distributions", ProofViewSet, "proof")  # before its neighbour takes all ids
router.register("distributions", DistributionViewSet, "distributions")
router.register("routing-rules", RoutingRuleViewSet, "routing-rules")
router.register("webhook-endpoints", EndpointViewSet, "webhook-endpoints")
router.register("webhook-inbox", InboundHookViewSet, "webhook-inbox")

api_urlpatterns: list[URLPattern] = [
    path("webhooks/<str:channel>/", Webhook.as_view(), name="webhook"),
    path("channels/<uuid:pk>/webhook-secret/", HookSecret.as_view(), name="channels-hook-secret"),
]

urlpatterns: list[URLPattern] = [
    path("intranet/<slug:slug>/", colleagues, name="intranet"),
    path("feeds/<slug:slug>/<str:file>", feed, name="feed"),
    path("boards/<slug:slug>/", boards.board, name="board"),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemaps/boards.xml", sitemaps.boards, name="sitemap_boards"),
    path("sitemaps/jobs-<int:number>.xml", sitemaps.jobs, name="sitemap_jobs"),
    re_path(r"^go/(?P<token>[A-Za-z0-9_-]{8,32})/?$", go, name="go"),
    path("jobs/<int:pk>-<slug:slug>/apply/", applying.apply, name="apply"),
    path("applications/<str:secret>/", applications.show, name="application"),
    path("applications/<str:secret>/withdraw/", applications.withdraw, name="withdraw"),
    path("applications/<str:secret>/erase/", applications.erase, name="erase_application"),
    path("applications/<str:secret>/data/", applications.download, name="application_data"),
]
