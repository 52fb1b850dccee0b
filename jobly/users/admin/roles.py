"""What a role may do in the admin, by model; which rows is each page's business."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from jobly.users.models import Membership, User

# what a role may do in the admin, by app label and model; rows are narrowed by visible_to()
READ_MODELS = frozenset(
    {
        "users.company",
        "users.membership",
        "users.apikey",
        "runs.run",
        "ingestion.upload",
        "ingestion.job",
        "ingestion.suggestion",
        "ingestion.employer",
        "distribution.channel",
        "distribution.distribution",
        "distribution.attempt",
        "distribution.budget",
        "distribution.charge",
        "distribution.hookendpoint",
        "distribution.inboundhook",
        "distribution.clickday",
        "distribution.feedfetch",
        "distribution.knownhost",
        "distribution.approval",
        "distribution.rehearsal",
        "distribution.routingrule",
        "distribution.applicant",
        "distribution.applicationterms",
        "distribution.replytemplate",
    }
)
WRITE_MODELS = frozenset(
    {
        "ingestion.upload",
        "ingestion.job",
        "distribution.channel",
        "distribution.distribution",
        "distribution.knownhost",
        "distribution.routingrule",
        "distribution.applicationterms",
        "distribution.hookendpoint",
        "distribution.replytemplate",
    }
)
OWNER_MODELS = frozenset({"users.membership", "users.apikey", "distribution.budget"})


class RoleBackend(BaseBackend):
    """Give members of a company their rights in the admin by role; operators have them all."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Whether the person may do `app.verb_model`; rows are scoped elsewhere."""
        if isinstance(user_obj, AnonymousUser) or not user_obj.is_active:
            return False
        if user_obj.is_staff:
            return True
        app, _, codename = perm.partition(".")
        verb, _, model = codename.partition("_")
        return f"{app}.{model}" in self._models(user_obj, verb)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the app shows up in the menu."""
        if isinstance(user_obj, AnonymousUser) or not user_obj.is_active:
            return False
        models = self._models(user_obj, "view")
        return user_obj.is_staff or any(name.startswith(f"{app_label}.") for name in models)

    def _models(self, user: User, verb: str) -> frozenset[str]:
        """Return the models the person's best role may touch with this verb."""
        roles: frozenset[str] | None = getattr(user, "_roles", None)
        if roles is None:
            roles = frozenset(Membership.objects.filter(user=user).values_list("role", flat=True))
            user._roles = roles  # type: ignore[attr-defined] # noqa: SLF001 # memo of one request
        if not roles:
            return frozenset()
        if verb == "view":
            return READ_MODELS
        allowed = WRITE_MODELS if roles & {"owner", "recruiter"} else frozenset()
        return allowed | OWNER_MODELS if "owner" in roles else allowed
