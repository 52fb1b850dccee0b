"""Routes of distribution below /api/v1/; the project's router takes them in."""

from rest_framework.routers import SimpleRouter

from .api.channels import ChannelViewSet
from .api.distributions import DistributionViewSet

router = SimpleRouter()
router.register("channels", ChannelViewSet, "channels")
router.register("distributions", DistributionViewSet, "distributions")
