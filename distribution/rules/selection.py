"""Which publications somebody means: the filter of a page, carried by its address and by runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self
from urllib.parse import urlencode

MOST = 500  # jobs, channels or statuses named one by one
DIGITS = 18  # of a job's number


@dataclass(frozen=True, slots=True)
class Wanted:
    """Jobs and boards: of a company, of the work of a run, of a file, some by number, by words.

    `channel` holds slugs or ids. `status` and `code` narrow the publications; empty means all.
    """

    company: str = ""
    run: str = ""
    upload: str = ""
    q: str = ""
    code: str = ""
    job: tuple[int, ...] = ()
    channel: tuple[str, ...] = ()
    status: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Read a filter from lists or single values by name; what it does not know is left out."""
        texts = {name: _texts(given.get(name)) for name in names()}
        jobs = [int(one) for one in texts["job"] if one.isdecimal() and len(one) <= DIGITS]
        one = {name: next(iter(texts[name]), "") for name in ("company", "run", "upload", "q")}
        return cls(
            **one,
            code=next(iter(texts["code"]), ""),
            job=tuple(jobs),
            channel=texts["channel"],
            status=texts["status"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was chosen, as JSON."""
        found = {name: getattr(self, name) for name in names()}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items() if v}

    def query(self, **more: Any) -> str:
        """Return it as the query of an address, with something else beside or instead."""
        return urlencode({**self.to_dict(), **{k: v for k, v in more.items() if v}}, doseq=True)


def names() -> tuple[str, ...]:
    """Return the names of what can be chosen."""
    return tuple(field.name for field in fields(Wanted))


def _texts(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    many: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    return tuple(str(one).strip() for one in many[:MOST] if str(one).strip())
