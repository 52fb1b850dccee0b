"""Hand stored bytes to the person a link was made for."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from jobly.users.models import principal_of

from . import rules
from .errors import ArtifactGone, BadLink
from .models import Artifact


@require_safe
def download(request: HttpRequest, token: str) -> FileResponse:
    """Serve an artifact as a file to save; a link of somebody else's does not exist."""
    user = principal_of(request).user_id
    try:
        number = rules.read_token(
            token, user=user, now=timezone.now(), key=settings.SECRET_KEY.encode()
        )
        artifact = get_object_or_404(Artifact, pk=number)
        stream = artifact.open()
    except (BadLink, ArtifactGone) as exc:
        raise Http404(exc.message) from exc
    answer = FileResponse(
        stream,
        as_attachment=True,
        filename=artifact.name or str(artifact.pk),
        content_type=artifact.content_type,
    )
    answer["Content-Length"] = artifact.size
    answer["Cache-Control"] = "private, no-store"
    return answer
