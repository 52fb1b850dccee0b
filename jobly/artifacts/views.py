"""Hand stored bytes to the person a link was made for."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from jobly.errors import TooMany
from jobly.users.models import principal_of

from .errors import ArtifactGone, BadLink, NoSuchPart, StorageAway
from .models import Artifact
from .rules.chunks import CHUNK
from .rules.links import bearer_of, read_token
from .rules.names import attachment
from .rules.ranges import Part, asked_part, is_still

COME_BACK_SECONDS = 30
IN_MEMORY = 1 << 20  # bytes; so much is handed to the server in one go, and its thread is free
# Longer downloads under way in this process. Each holds a thread for as long as its client takes,
# which may be for ever: the other threads stay for pages, and no one person takes them all.
AT_ONCE, AT_ONCE_EACH = 6, 3
# a browser that opens the bytes all the same shows them without rights, scripts or an origin
POLICY = "default-src 'none'; sandbox"

log = logging.getLogger(__name__)
_under_way: Counter[UUID | None] = Counter()  # person → downloads
_lock = Lock()


def _nothing() -> None:
    """Do nothing, a second time."""


class Pieces:
    """Some of an open file's bytes, piece by piece; closed when they have been sent or refused."""

    def __init__(self, stream: BinaryIO, length: int, *, at_end: Callable[[], None]) -> None:
        self._stream, self._left, self._at_end = stream, length, at_end

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
        """Let go of the file and the place; the server calls this however the answer ends."""
        self._stream.close()
        self._at_end()
        self._at_end = _nothing

    __del__ = close  # also of an answer that never reached the server


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
    except (StorageAway, TooMany) as exc:
        log.warning("artifact %s: %s", artifact.pk, exc.__cause__ or exc)
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
    answer = _body(request, artifact, part or whole)
    if part is not None:
        answer.status_code = HTTPStatus.PARTIAL_CONTENT.value
        answer["Content-Range"] = f"bytes {part.first}-{part.last}/{artifact.size}"
    answer["Content-Length"] = str((part or whole).length)
    answer["Content-Disposition"] = attachment(artifact.name or str(artifact.pk))
    return answer


def _body(request: HttpRequest, artifact: Artifact, part: Part) -> HttpResponseBase:
    """Make an answer of some bytes: in one go when they are few. Raises: TooMany and as `open`."""
    kind = artifact.content_type
    if request.method == "HEAD":
        return HttpResponse(content_type=kind)
    if part.length <= IN_MEMORY:
        with artifact.open() as stream:
            stream.seek(part.first)
            return HttpResponse(stream.read(part.length), content_type=kind)
    user = request.user.pk
    _take_place(user)
    try:
        stream = artifact.open()
        stream.seek(part.first)
    except BaseException:
        _leave_place(user)
        raise
    pieces = Pieces(stream, part.length, at_end=partial(_leave_place, user))
    return StreamingHttpResponse(pieces, content_type=kind)


def _take_place(user: UUID | None) -> None:
    """Count a download in, or refuse it. Raises: TooMany."""
    with _lock:
        if _under_way[user] >= AT_ONCE_EACH or _under_way.total() >= AT_ONCE:
            whose = "of yours " if _under_way[user] >= AT_ONCE_EACH else ""
            busy = f"Too many downloads {whose}are under way; start this one when one has ended."
            raise TooMany(busy)
        _under_way[user] += 1


def _leave_place(user: UUID | None) -> None:
    with _lock:
        _under_way[user] -= 1
        if not _under_way[user]:
            del _under_way[user]


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
