"""The feeds that boards fetch: streamed from the database, and every fetch kept."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from distribution.actions import feeding
from distribution.models import Feed
from distribution.reports import feeds
from distribution.rules.feeds.agents import who
from distribution.rules.feeds.formats import FILES, Format
from jobly import limits
from jobly.callers import client_ip
from jobly.errorpages import too_many
from jobly.users.models import Company, principal_of

FETCHES = 60  # a minute from one address; boards come a few times a day
GZIP = 31  # zlib's window bits for a gzip frame
LEVEL = 5
NOT_MODIFIED = 304


@dataclass(slots=True)
class Delivery:
    """One answer under way: what was sent of which feed, to whom."""

    feed: Feed
    kind: Format
    who: str
    agent: str
    address: str
    gzip: bool
    jobs: int = 0
    sent: int = 0
    ended: bool = field(default=False)

    def begin(self, status: int) -> UUID:
        """Keep that it was asked for and how it is answered."""
        fetch = feeding.Fetch(status, self.who, self.agent, self.address)
        return feeding.begin_fetch(self.feed, self.kind, fetch)

    def end(self, receipt: UUID) -> None:
        """Keep how it went: whole only if every job of the edition was sent to the last byte."""
        whole = self.ended and self.jobs == self.feed.jobs
        feeding.end_fetch(
            self.feed, receipt, self.who, feeding.Got(self.jobs, self.sent, whole=whole)
        )

    def body(self) -> Iterator[bytes]:
        """Yield the feed; noted before its first byte, and when the reader has it all or goes."""
        receipt = self.begin(200)
        pack = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP) if self.gzip else None
        frame = feeds.frame_of(self.feed, self.feed.company, self.kind)
        try:
            for piece, jobs in feeds.pieces(self.feed, self.kind, frame):
                out = pack.compress(piece) if pack else piece
                if out:
                    yield out
                self.sent, self.jobs = self.sent + len(out), self.jobs + jobs
            if pack:
                out = pack.flush()
                yield out
                self.sent += len(out)
            self.ended = True
        finally:
            self.end(receipt)


@require_safe
def feed(request: HttpRequest, slug: str, file: str) -> HttpResponseBase:
    """Answer with the public live jobs of a company in one format."""
    address = client_ip(request)
    if wait := limits.take(f"feed:{address}", limit=FETCHES, window=limits.MINUTE):
        return too_many(request, wait)
    kind = FILES.get(file)
    if kind is None:
        raise Http404("There is no such feed.")
    company = get_object_or_404(Company, slug=slug)
    row = feeding.present(company, kind)
    row.company = company
    agent = request.headers.get("User-Agent", "")
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    known = who(agent, signed_in=principal_of(request).is_known)
    sent = Delivery(row, kind, known, agent, address, gzip=packed)
    return _answer(request, sent)


def _answer(request: HttpRequest, sent: Delivery) -> HttpResponseBase:
    """Answer that nothing changed, with headers only, or with the stream."""
    etag = f'"{sent.feed.edition}-{sent.feed.digest[:16]}{"-gz" if sent.gzip else ""}"'
    changed_at = sent.feed.changed_at
    modified = int(changed_at.timestamp()) if changed_at else None
    early = get_conditional_response(request, etag=etag, last_modified=modified)
    if early is not None and early.status_code == NOT_MODIFIED:
        sent.begin(NOT_MODIFIED)
        return _with_headers(early, sent, etag)
    if request.method == "HEAD":
        # an empty stream says nothing of the length, which nobody knows before it is written
        bare = StreamingHttpResponse(iter(()), content_type=sent.kind.content_type)
        return _with_headers(bare, sent, etag)
    answer = StreamingHttpResponse(sent.body(), content_type=sent.kind.content_type)
    return _with_headers(answer, sent, etag)


def _with_headers(answer: HttpResponseBase, sent: Delivery, etag: str) -> HttpResponseBase:
    """Say which edition it is and since when; a packed answer is another one to a cache."""
    answer["ETag"] = etag
    if sent.feed.changed_at:
        answer["Last-Modified"] = http_date(int(sent.feed.changed_at.timestamp()))
    answer["Cache-Control"] = "public, max-age=60"
    answer["X-Robots-Tag"] = "noindex"
    if sent.gzip and answer.status_code != NOT_MODIFIED:
        answer["Content-Encoding"] = "gzip"
    patch_vary_headers(answer, ["Accept-Encoding"])
    return answer
