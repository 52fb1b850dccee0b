"""What a channel asks of a job, field by field: the same figures that lint checks, to be shown."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .channels import INDEED, LINKEDIN, REST, BoardKind, calls
from .lint.boards import INDEED_DESCRIPTION_MAX, INDEED_DESCRIPTION_MIN, LINKEDIN_DESCRIPTION

Unit = Literal["characters", "bytes"]
LABELS = {"apply_url": "Where to apply", "page_url": "Public job page", "company": "Employer"}


@dataclass(frozen=True, slots=True)
class Limit:
    """One field of a job at a channel: whether it must be there, and its shortest and longest."""

    field: str
    required: bool = True
    least: int | None = None
    most: int | None = None
    unit: Unit = "characters"

    @property
    def label(self) -> str:
        """Name the field for people."""
        return LABELS.get(self.field, self.field.replace("_", " ").capitalize())

    @property
    def words(self) -> str:
        """Say it in words, such as "needed, 100 to 25,000 characters"."""
        need = "needed" if self.required else "may be left out"
        if self.least is not None and self.most is not None:
            return f"{need}, {self.least:,} to {self.most:,} {self.unit}"
        if self.most is not None:
            return f"{need}, at most {self.most:,} {self.unit}"
        return f"{need}, at least {self.least:,} {self.unit}" if self.least is not None else need

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the API."""
        return asdict(self)


def limits_of(kind: BoardKind, options: Mapping[str, Any]) -> tuple[Limit, ...]:
    """Return what a channel asks of a job; `options` are the channel's over its kind's."""
    own = (Limit("title", most=int(options["title_max"])), *_own(kind, options))
    named = {limit.field for limit in own}
    asked = (Limit(name) for name in options.get("required", ()) if name not in named)
    return (*own, *asked)


def _own(kind: BoardKind, options: Mapping[str, Any]) -> Iterator[Limit]:
    if kind == LINKEDIN:
        yield Limit("description", least=LINKEDIN_DESCRIPTION[0], most=LINKEDIN_DESCRIPTION[1])
        yield from map(Limit, ("location", "employment_type", "company", "apply_url"))
    elif kind == INDEED:
        yield Limit("description", least=INDEED_DESCRIPTION_MIN)
        yield Limit("description", most=INDEED_DESCRIPTION_MAX, unit="bytes")
        yield from map(Limit, ("location", "employment_type", "country", "page_url"))
    elif kind == REST and calls(kind, options):
        yield Limit("location")
        if options["salary_required"]:
            yield from map(Limit, ("salary_min", "salary_max"))
