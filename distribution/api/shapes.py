"""What the routes of distribution take and give, field by field."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from distribution.forms.channels import checked_address
from distribution.forms.publishing import not_too_far
from distribution.models import Attempt, Channel, Distribution, Reading
from distribution.reports.exchanges import veiled
from distribution.rules.limits import limits_of
from distribution.rules.options import wrong_options
from distribution.rules.staggering import MOST_AT_ONCE
from jobly.users.models import known_zone

MOST_NUMBER = 2**63 - 1  # of a job
BULK_LIMIT = 1000  # jobs named in one call; an upload may hold more
READINGS_SHOWN = 100


class LimitShape(serializers.Serializer[Any]):
    """What a channel asks of one field of a job."""

    field = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment] # as above
    least = serializers.IntegerField(allow_null=True)
    most = serializers.IntegerField(allow_null=True)
    unit = serializers.ChoiceField(["characters", "bytes"])


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    """A configured board; credentials go in and never come out."""

    company: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    credentials = serializers.DictField(
        child=serializers.CharField(), write_only=True, required=False
    )
    limit_per_minute = serializers.IntegerField(min_value=1, max_value=100_000, required=False)
    has_credentials = serializers.SerializerMethodField()
    can = serializers.SerializerMethodField()
    limits = serializers.SerializerMethodField()

    class Meta:
        model = Channel
        fields: ClassVar = [
            "id", "company", "slug", "kind", "name", "base_url", "credentials", "has_credentials",
            "limit_per_minute", "settle_window", "poll_delay", "poll_until", "call_timeout",
            "rate_limit_rule", "idempotent_create", "lookup", "batch_size", "id_max", "options",
            "cost_model", "price_minor", "currency", "credits_left", "stay_days", "at_end",
            "renew_before_days", "renew_most", "enabled", "parked_until", "created_at",
            "credentials_end_on",
            "credentials_refused_at", "credentials_refused", "switched_off_why", "tested_at",
            "test_said", "token_expires_at", "can", "limits",
        ]  # fmt: skip
        read_only_fields: ClassVar = [
            "id", "slug", "kind", "parked_until", "created_at", "credentials_refused_at",
            "credentials_refused", "switched_off_why", "tested_at", "test_said",
            "token_expires_at",
        ]  # fmt: skip

    def validate_base_url(self, value: str) -> str:
        """Take a web address, or the word for the practice boards."""
        return checked_address(value)

    def validate_options(self, value: Any) -> Any:
        """Refuse settings that the kind of channel cannot have."""
        return checked_options(self.instance.kind if self.instance else "", value)

    @extend_schema_field(serializers.ChoiceField(["idempotent_create", "lookup", "neither"]))
    def get_can(self, channel: Channel) -> str:
        """Say what makes a repeat safe: the board tells it apart, can be asked, or neither."""
        return channel.can

    @extend_schema_field(LimitShape(many=True))
    def get_limits(self, channel: Channel) -> list[dict[str, Any]]:
        """Return what the channel asks of each field of a job."""
        return [limit.to_dict() for limit in limits_of(channel.board, channel.all_options)]

    def get_has_credentials(self, channel: Channel) -> bool:
        """Whether any are stored; they stay sealed."""
        return channel.__dict__.get("credentials") is not None


class FindingShape(serializers.Serializer[Any]):
    """What a test of a channel found."""

    ok = serializers.BooleanField(read_only=True)
    said = serializers.CharField(read_only=True)
    resumed = serializers.IntegerField(
        read_only=True, help_text="Pieces of work that had waited for this and go on now."
    )


def checked_options(kind: Any, value: Any) -> Any:
    """Return a channel's settings if its kind can have them. Raises: ValidationError."""
    if not isinstance(value, dict):
        raise serializers.ValidationError("names and values in an object")
    if wrong := wrong_options(kind, value) if kind else {}:
        raise serializers.ValidationError(list(wrong.values()))
    return value


class NewChannelSerializer(serializers.Serializer[Any]):
    """What adding a board takes; figures left out are those of the real board's contract."""

    company = serializers.CharField(help_text="slug")
    slug = serializers.SlugField(max_length=63)
    kind = serializers.ChoiceField(choices=Channel.Kind.choices)
    name = serializers.CharField(max_length=100, required=False)
    base_url = serializers.URLField(required=False, allow_blank=True)
    credentials = serializers.DictField(child=serializers.CharField(), required=False)
    options = serializers.DictField(required=False)
    limit_per_minute = serializers.IntegerField(min_value=1, max_value=100_000, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse settings that the kind of channel cannot have."""
        try:
            checked_options(attrs["kind"], attrs.get("options", {}))
        except serializers.ValidationError as wrong:
            raise serializers.ValidationError({"options": wrong.detail}) from wrong
        return attrs


class FailureShape(serializers.Serializer[Any]):
    """Why a distribution is where it is: for programs, for people, and the field to fix."""

    code = serializers.CharField(source="error_code")
    message = serializers.CharField(source="error")
    field = serializers.CharField(source="error_field")


class DistributionSerializer(serializers.ModelSerializer[Distribution]):
    """One job on one channel and its state."""

    job_title = serializers.CharField(source="job.title", read_only=True)
    company: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    channel: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    upload = serializers.UUIDField(source="upload_id", read_only=True)
    external_post_id = serializers.CharField(source="post_id", read_only=True)
    external_post_url = serializers.CharField(source="post_url", read_only=True)
    failure = serializers.SerializerMethodField()
    run_url = serializers.SerializerMethodField()

    class Meta:
        model = Distribution
        fields: ClassVar = [
            "id", "job", "job_title", "company", "channel", "channel_id", "upload", "status",
            "external_id", "external_post_id", "external_post_url", "post_id", "post_url",
            "scheduled_publish_at", "expires_at", "close_reason", "retry_count", "max_retries",
            "next_look_at", "failure",
            "error", "error_code", "error_field", "published_at", "closed_at", "views_count",
            "clicks_count", "applications_count", "created_at", "updated_at", "run_url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_failure(self, row: Distribution) -> dict[str, str] | None:
        """Return what went wrong, None when nothing did."""
        return dict(FailureShape(row).data) if row.error else None

    def get_run_url(self, row: Distribution) -> str | None:
        """Return where its publication can be watched."""
        return f"/runs/{row.run_id}/" if row.run_id else None


class CountedSerializer(DistributionSerializer):
    """A distribution with what we counted ourselves beside the board's counters."""

    own_clicks = serializers.IntegerField(read_only=True)
    own_applications = serializers.IntegerField(read_only=True)

    class Meta(DistributionSerializer.Meta):
        fields: ClassVar = [*DistributionSerializer.Meta.fields, "own_clicks", "own_applications"]
        read_only_fields = fields


class NewDistributionSerializer(serializers.Serializer[Any]):
    """What putting a job on a channel takes."""

    job = serializers.IntegerField(min_value=1, max_value=MOST_NUMBER)
    channel = serializers.CharField(help_text="slug or id")
    scheduled_publish_at = serializers.DateTimeField(
        required=False, allow_null=True, validators=[not_too_far]
    )


class MomentSerializer(serializers.Serializer[Any]):
    """When to publish instead."""

    scheduled_publish_at = serializers.DateTimeField(validators=[not_too_far])


class StaggerSerializer(serializers.Serializer[Any]):
    """So many jobs an hour or a day from `scheduled_publish_at` on, by the company's clock."""

    count = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE)
    every = serializers.ChoiceField(choices=["hour", "day"])
    weekdays = serializers.BooleanField(default=False, help_text="Leave out Saturday and Sunday.")
    zone = serializers.CharField(required=False, max_length=64, help_text="Europe/Oslo")

    def validate_zone(self, value: str) -> str:
        """Take the name of a time zone."""
        try:
            known_zone(value)
        except DjangoValidationError as exc:
            raise serializers.ValidationError(exc.messages) from exc
        return value


class BulkSerializer(serializers.Serializer[Any]):
    """Many jobs on many channels: those of an upload, or those named."""

    company = serializers.CharField(required=False, help_text="slug; needed with several")
    upload_id = serializers.UUIDField(required=False)
    jobs = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MOST_NUMBER),
        required=False,
        max_length=BULK_LIMIT,
    )
    channels = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=50)
    skip_on_error = serializers.BooleanField(default=True)
    scheduled_publish_at = serializers.DateTimeField(
        required=False, allow_null=True, validators=[not_too_far]
    )
    stagger = StaggerSerializer(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one of the two ways to name jobs."""
        if not attrs.get("upload_id") and not attrs.get("jobs"):
            raise serializers.ValidationError({"jobs": ["name jobs or an upload_id"]})
        return attrs


class MetricsSerializer(serializers.Serializer[Any]):
    """A board's counters as they stand now; what is left out stays."""

    views_count = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    clicks_count = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    applications_count = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class PreviewSerializer(serializers.Serializer[Any]):
    """A job, and the words it would have; fields left out stay as they are."""

    job = serializers.IntegerField(min_value=1, max_value=MOST_NUMBER)
    channel = serializers.CharField(required=False)
    channels = serializers.ListField(child=serializers.CharField(), required=False, max_length=50)
    title = serializers.CharField(max_length=300, required=False)
    location = serializers.CharField(max_length=300, required=False, allow_blank=True)
    salary = serializers.CharField(max_length=200, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True, max_length=100_000)


class ReadingSerializer(serializers.ModelSerializer[Reading]):
    """What one source said its counters were, and when."""

    class Meta:
        model = Reading
        fields: ClassVar = [
            "source", "at", "views", "clicks", "applications", "fell", "late", "noted_at",
        ]  # fmt: skip
        read_only_fields = fields


class CountersSerializer(serializers.ModelSerializer[Distribution]):
    """The counters of a distribution with the readings they come from."""

    readings = serializers.SerializerMethodField()

    class Meta:
        model = Distribution
        fields: ClassVar = ["id", "views_count", "clicks_count", "applications_count", "readings"]
        read_only_fields = fields

    @extend_schema_field(ReadingSerializer(many=True))
    def get_readings(self, row: Distribution) -> list[dict[str, Any]]:
        """Return the newest readings."""
        newest = row.readings.newest_first()[:READINGS_SHOWN]
        return [dict(one) for one in ReadingSerializer(newest, many=True).data]


class ConfirmSerializer(serializers.Serializer[Any]):
    """A person's word that the board has the posting."""

    post_id = serializers.CharField(max_length=200)
    post_url = serializers.URLField(required=False, allow_blank=True, default="")


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One exchange with a board."""

    class Meta:
        model = Attempt
        fields: ClassVar = [
            "id", "number", "op", "request", "sent_at", "outcome", "http_status", "response",
            "error", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Attempt) -> dict[str, Any]:
        """Hide what has the name of a secret, as the page of a publication does."""
        told = super().to_representation(instance)
        return {**told, **{name: veiled(told[name]) for name in ("request", "response")}}
