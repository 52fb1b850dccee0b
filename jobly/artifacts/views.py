"""Hand stored bytes to the person a link was made for."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import BinaryIO

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from jobly.users.models import principal_of

from .errors import ArtifactGone, BadLink, NoSuchPart, StorageAway
from .models import Artifact
from .rules.chunks import CHUNK
from .rules.links import bearer_of, read_token
from .rules.names import attachment
from .rules.ranges import Part, asked_part, is_still

COME_BACK_SECONDS = 30
# a browser that opens the bytes all the same shows them without rights, scripts or an origin
POLICY = "default-src 'none'; sandbox"

log = logging.getLogger(__name__)


class Pieces:
    """Some of an open file's bytes, piece by piece; closed when they have been sent or refused."""

    def __init__(self, stream: BinaryIO, part: Part) -> None:
        self._stream, self._left = stream, part.length
        if part.first:
            stream.seek(part.first)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._stream.read(min(CHUNK, self._left)) if self._left else b""
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Let go of the file; the server calls this however the answer ends."""
        self._stream.close()


@require_safe
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve an artifact as a file to save, or a part of it; somebody else's link does not exist."""
    artifact = _artifact_of(request, token)
    try:
        answer = _answer(request, artifact)
    except ArtifactGone as exc:
        if artifact.deleted_at is None:
            log.exception("artifact %s lacks its bytes", artifact.pk)
        raise Http404(exc.message) from exc
    except StorageAway as exc:
        return _plain(exc.message, exc.status, **{"Retry-After": str(COME_BACK_SECONDS)})
    answer["ETag"] = _tag(artifact)
    answer["Last-Modified"] = http_date(artifact.created_at.timestamp())
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Security-Policy"] = POLICY
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _artifact_of(request: HttpRequest, token: str) -> Artifact:
    """Find what a link opens for the person who asks; every refusal is the same 404."""
    try:
        number = read_token(
            token,
            bearer=bearer_of(principal_of(request)),
            now=timezone.now(),
            key=settings.SECRET_KEY.encode(),
        )
    except BadLink as exc:
        raise Http404(exc.message) from exc
    return get_object_or_404(Artifact, pk=number)


def _answer(request: HttpRequest, artifact: Artifact) -> HttpResponseBase:
    """Choose between the whole, a part, and neither. Raises: ArtifactGone, StorageAway."""
    modified = int(artifact.created_at.timestamp())
    if request.method == "HEAD" and not artifact.exists():
        raise ArtifactGone("These bytes are not in storage.")
    known = get_conditional_response(request, _tag(artifact), modified)
    if known is not None:
        return known
    try:
        part = _part(request, artifact)
    except NoSuchPart as exc:
        return _plain(exc.message, exc.status, **{"Content-Range": f"bytes */{artifact.size}"})
    whole = Part(0, artifact.size - 1)
    if request.method == "HEAD":
        answer: HttpResponseBase = HttpResponse(content_type=artifact.content_type)
    else:
        pieces = Pieces(artifact.open(), part or whole)
        answer = StreamingHttpResponse(pieces, content_type=artifact.content_type)
    if part is not None:
        answer.status_code = HTTPStatus.PARTIAL_CONTENT
        answer["Content-Range"] = f"bytes {part.first}-{part.last}/{artifact.size}"
    answer["Content-Length"] = str((part or whole).length)
    answer["Content-Disposition"] = attachment(artifact.name or str(artifact.pk))
    return answer


def _part(request: HttpRequest, artifact: Artifact) -> Part | None:
    """Read which part is wanted; parts are for GET only. Raises: NoSuchPart."""
    same = is_still(
        request.headers.get("If-Range", ""), etag=_tag(artifact), modified=artifact.created_at
    )
    if request.method != "GET" or not same:
        return None
    return asked_part(request.headers.get("Range", ""), artifact.size)


def _tag(artifact: Artifact) -> str:
    """Return the strong tag of bytes that never change."""
    return f'"{artifact.sha256}"'


def _plain(message: str, status: int, **headers: str) -> HttpResponse:
    """Answer with one line of text."""
    return HttpResponse(
        f"{message}\n", status=status, headers=headers, content_type="text/plain; charset=utf-8"
    )
