"""Runs and their events by REST."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobly.errors import Forbidden, Rejected
from jobly.users.api import HasScope
from jobly.users.models import Company, User, principal_of

from . import actions
from .actions import queues
from .actions.admission import admit, retry
from .actions.hurrying import hurry
from .filtersets import RunFilter
from .models import Run
from .reports import window
from .reports.queues import COUNTED, lines, paused
from .reports.watching import log_of
from .rules.streams import may_read, stream_for

MOST_EVENTS = 200  # a page


class RunSerializer(serializers.ModelSerializer[Run]):
    """One unit of work as third parties know it: `type` and `job_id` are the kind and the id."""

    job_id = serializers.UUIDField(source="id", read_only=True)
    type = serializers.CharField(source="kind", read_only=True)
    company: serializers.SlugRelatedField[Company] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    run_url = serializers.SerializerMethodField()
    paused = serializers.SerializerMethodField(
        help_text="whether it waits in a queue that operators have paused"
    )

    class Meta:
        model = Run
        fields: ClassVar = [
            "id", "job_id", "type", "queue", "status", "progress", "step", "done", "failed",
            "skipped", "total", "args", "result", "company", "stream", "parent", "root_id",
            "replay_of", "attempt", "max_attempts", "crash_count", "available_at",
            "cancel_requested_at", "error_code", "error", "history", "created_at", "started_at",
            "finished_at", "run_url", "paused",
        ]  # fmt: skip
        read_only_fields = fields

    def get_run_url(self, run: Run) -> str:
        """Return the page to watch it on."""
        return f"/runs/{run.pk}/"

    def get_paused(self, run: Run) -> bool:
        """Say whether nobody may begin it for now."""
        return run.status == Run.Status.QUEUED and run.queue in self.context.get("paused", ())


class NewRunSerializer(serializers.Serializer[Any]):
    """What starting work by hand takes."""

    type = serializers.CharField(max_length=100)
    args = serializers.DictField(required=False, default=dict)


class RetrySerializer(serializers.Serializer[Any]):
    """What doing a run again takes."""

    args = serializers.DictField(required=False)


def number_of(request: Request) -> int:
    """Read the number behind which one asks; 0 when none is given. Raises Rejected."""
    after: str = request.query_params.get("after", "0")
    if not after.isdecimal() or len(after) > 18:  # noqa: PLR2004 # bigint
        raise Rejected("after must be a number.", fields={"after": ["number"]})
    return int(after)


def without_trace(line: dict[str, Any]) -> dict[str, Any]:
    """Return a log line as people see it who do not run the system."""
    return {name: value for name, value in line.items() if name != "trace"}


def queued(run: Run) -> dict[str, Any]:
    """Return the body of a 202: where to follow what was started."""
    return {
        "job_id": str(run.pk),
        "type": run.kind,
        "status": run.status,
        "message": "Queued; follow it at run_url.",
        "run_url": f"/runs/{run.pk}/",
    }


def person(request: Request) -> User | None:
    """Return who asks, as the row the ledger notes."""
    return request.user if isinstance(request.user, User) else None


class RunViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Run]):
    """Background work: what there is, how far it is, stop it, do it again."""

    permission_classes = (HasScope.of(read="runs", write="runs"),)
    serializer_class = RunSerializer
    filterset_class = RunFilter
    queryset = Run.objects.none()

    def get_queryset(self) -> QuerySet[Run]:
        """Return the runs on the caller's streams, newest first."""
        rows = Run.objects.visible_to(principal_of(self.request))
        return rows.select_related("company").order_by("-created_at", "-pk")

    def get_serializer_context(self) -> dict[str, Any]:
        """Read once an answer which queues are paused."""
        return {**super().get_serializer_context(), "paused": paused()}

    @extend_schema(request=NewRunSerializer)
    def create(self, request: Request) -> Response:
        """Start work by hand; for operators."""
        if not principal_of(request).is_staff:
            raise Forbidden("Only operators start work by kind; nothing was started.")
        form = NewRunSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        actor = person(request)
        admit(sent["type"], user_id=actor.pk if actor else None)
        run = actions.start(sent["type"], sent["args"], actor=actor)
        return Response(queued(run), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a run: at once while it waits, at its next checkpoint while it runs."""
        run = actions.cancel(self._changeable(request), actor=person(request))
        return Response(self.get_serializer(run).data)

    @extend_schema(request=RetrySerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Do a failed or cancelled run again, as a new run; operators may give other arguments."""
        run = self._changeable(request)
        form = RetrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        args = form.validated_data.get("args")
        if args is not None and not principal_of(request).is_staff:
            raise Forbidden("Only operators change the arguments of a run; nothing was started.")
        run = retry(run, actor=person(request), args=args)
        return Response(queued(run), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="start-now")
    def start_now(self, request: Request, pk: str) -> Response:
        """Let a run start now that is due later."""
        run = hurry(self._changeable(request), actor=person(request))
        return Response(self.get_serializer(run).data)

    @extend_schema(
        parameters=[OpenApiParameter("after", int, description="the last number one has")],
        responses={200: dict[str, Any]},
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def log(self, request: Request, pk: str) -> Response:
        """Return the last log lines of a run, oldest first, each with its number."""
        found = log_of(self.get_object().pk, after=number_of(request))
        if not principal_of(request).is_staff:
            found["lines"] = [without_trace(line) for line in found["lines"]]
        return Response(found)

    def _changeable(self, request: Request) -> Run:
        """Return the run if the caller's role may change it."""
        run = self.get_object()
        mine = Run.objects.filter(pk=run.pk).writable_by(principal_of(request))
        if not mine.exists():
            raise Forbidden("Your role in this company only reads; the run goes on as it is.")
        return run


class EventsView(APIView):
    """The log of a stream, page by page; websocket and SSE give the same items."""

    permission_classes = (HasScope.of(read="runs", write="runs"),)

    @extend_schema(
        parameters=[
            OpenApiParameter("stream", str, description="default: the caller's own"),
            OpenApiParameter("after", int, description="the last number one has; default 0"),
        ],
        responses={200: dict[str, Any]},
    )
    def get(self, request: Request) -> Response:
        """Return up to 200 items behind a number, oldest first, or `reset` with a snapshot."""
        principal = principal_of(request)
        own = stream_for(next(iter(sorted(principal.company_ids)), None), None)
        if principal.user_id is not None:
            own = stream_for(None, principal.user_id)
        stream = request.query_params.get("stream", own)
        if not may_read(principal, stream):
            raise Http404
        found = window(stream, number_of(request), MOST_EVENTS)
        body = {
            "stream": stream,
            "last_seq": found.last_seq,
            "reset": found.reset,
            "results": found.events,
        }
        return Response(body | ({"snapshot": found.snapshot} if found.reset else {}))


class QueueSerializer(serializers.Serializer[Any]):
    """One queue: whether it is paused, what waits in it and what runs."""

    name = serializers.CharField(source="queue.name", read_only=True)
    paused = serializers.BooleanField(source="queue.is_paused", read_only=True)
    paused_at = serializers.DateTimeField(source="queue.paused_at", allow_null=True, read_only=True)
    paused_by = serializers.EmailField(
        source="queue.paused_by.email", allow_null=True, default=None, read_only=True
    )
    why = serializers.CharField(source="queue.why", read_only=True)
    waiting = serializers.IntegerField(help_text=f"due runs, counted up to {COUNTED}")
    oldest_due_at = serializers.DateTimeField(source="oldest", allow_null=True)
    later = serializers.IntegerField(help_text="runs planned for later, counted like those")
    running = serializers.IntegerField()


class PauseSerializer(serializers.Serializer[Any]):
    """What pausing a queue takes."""

    why = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class QueueViewSet(viewsets.ViewSet):
    """The queues, for operators: what waits in them, pause one, let it go on."""

    permission_classes = (HasScope.of(read="runs", write="runs"),)
    lookup_field = "name"
    lookup_value_regex = "[a-z_]{1,32}"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let operators in."""
        super().initial(request, *args, **kwargs)
        if not principal_of(request).is_staff:
            raise Forbidden("Only operators see and pause queues; nothing was changed.")

    @extend_schema(responses=QueueSerializer(many=True), operation_id="queues_list")
    def list(self, request: Request) -> Response:
        """List every queue, by name."""
        found = QueueSerializer(lines(), many=True).data
        return Response({"count": len(found), "next": None, "previous": None, "results": found})

    @extend_schema(responses=QueueSerializer)
    def retrieve(self, request: Request, name: str) -> Response:
        """Return one queue."""
        found = next((line for line in lines() if line.queue.name == name), None)
        if found is None:
            raise Http404
        return Response(QueueSerializer(found).data)

    @extend_schema(request=PauseSerializer, responses=QueueSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, name: str) -> Response:
        """Let no worker take work out of it until it is resumed; work that runs goes on."""
        form = PauseSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        queues.pause(name, why=form.validated_data["why"], actor=person(request))
        return self.retrieve(request, name)

    @extend_schema(request=None, responses=QueueSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, name: str) -> Response:
        """Let workers take work out of it again, at once."""
        queues.resume(name, actor=person(request))
        return self.retrieve(request, name)
