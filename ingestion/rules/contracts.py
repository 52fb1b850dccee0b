"""Data contracts: which fields of which types a source sends, and how a collection departs."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

NEW_FIELD, CHANGED_TYPE, MISSING_FIELD, UNKNOWN_SHAPE = (
    "new_field",
    "changed_type",
    "missing_field",
    "unknown_shape",
)
#: What is known of a source: {"items": n, "collections": n, "fields": {name: {"types", "seen"}}}.
Known = dict[str, Any]

#: So many collections and items are learned from before anything departs from them.
LEARNED_COLLECTIONS: Final = 3
LEARNED_ITEMS: Final = 20
MAX_FIELDS: Final = 400
MAX_NAME: Final = 100
MAX_EXAMPLE: Final = 200
_MOST_SHAPES: Final = 300
_NAMED: Final = 8

# Less than this share of the items is an odd item, no change of the source.
_LEAST_SHARE: Final = 0.01
_ALWAYS_THERE: Final = 0.9
_HARDLY_THERE: Final = 0.05
_FEWEST_TO_MISS: Final = 3
# With fewer of the fields that were always there it is another thing altogether.
_SAME_SHAPE: Final = 0.3

NOTHING: Final = "nothing"
_TYPES: Final[dict[type, str]] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "flag",
    dict: "object",
    list: "list",
    tuple: "list",
    type(None): NOTHING,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """Hold one way in which a collection departs from what is known of its source.

    `count` items of the collection do, the first in `row`; `example` is the value there as text.
    """

    kind: str
    field: str
    expected: str
    got: str
    count: int
    row: int
    example: str

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        return {
            NEW_FIELD: f"“{self.field}” is new ({self.got}).",
            CHANGED_TYPE: f"“{self.field}” was {self.expected} and is {self.got}.",
            MISSING_FIELD: f"“{self.field}” was always there and is missing.",
            UNKNOWN_SHAPE: f"The items have {self.got}; known are {self.expected}.",
        }[self.kind]


@dataclass(slots=True)
class _Alike:
    count: int
    row: int
    item: Mapping[str, Any]


@dataclass(slots=True)
class Census:
    """Count the shapes of a collection's items: names and types at the top of each.

    Items are mostly alike, so one look-up an item does; examples are kept of the first of a kind.
    """

    items: int = 0
    _shapes: dict[tuple[tuple[str, type], ...], _Alike] = field(default_factory=dict)

    def add(self, row: int, item: Mapping[str, Any]) -> None:
        """Count one item."""
        self.items += 1
        shape = tuple([(name, value.__class__) for name, value in item.items()])
        known = self._shapes.get(shape)
        if known is not None:
            known.count += 1
        elif len(self._shapes) < _MOST_SHAPES:
            self._shapes[shape] = _Alike(1, row, item)

    def fields(self) -> "dict[str, Field]":
        """Return what was seen under each name."""
        found: dict[str, Field] = {}
        for shape, alike in self._shapes.items():
            for name, cls in shape:
                known = found.get(name)
                if known is None:
                    if len(found) >= MAX_FIELDS or not isinstance(name, str):
                        continue
                    known = found[name] = Field()
                known.add(_TYPES.get(cls, "text"), alike)
        return found

    def fingerprint(self) -> str:
        """Return 16 hex digits that change with the names and types at the top of the items."""
        told = sorted(
            f"{name}:{kind}" for name, seen in self.fields().items() for kind in seen.types
        )
        return hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(slots=True)
class Field:
    """Count one field of a collection: how many items have it, and of which types."""

    count: int = 0
    types: dict[str, _Alike] = field(default_factory=dict)

    def add(self, kind: str, alike: _Alike) -> None:
        """Count the items of one shape."""
        self.count += alike.count
        known = self.types.get(kind)
        if known is None:
            self.types[kind] = _Alike(alike.count, alike.row, alike.item)
        else:
            known.count += alike.count


def learned(known: Known, census: Census) -> Known:
    """Return what is known after a collection: its fields and types are usual from now on."""
    fields = {name: dict(told) for name, told in known.get("fields", {}).items()}
    for name, seen in census.fields().items():
        if len(name) > MAX_NAME or (name not in fields and len(fields) >= MAX_FIELDS):
            continue
        told = fields.setdefault(name, {"types": [], "seen": 0})
        told["types"] = sorted({*told["types"], *seen.types})
        told["seen"] += seen.count
    return {
        "items": known.get("items", 0) + census.items,
        "collections": known.get("collections", 0) + 1,
        "fields": fields,
    }


def is_learning(known: Known) -> bool:
    """Say whether too little was seen of a source to call anything a departure."""
    collections: int = known.get("collections", 0)
    items: int = known.get("items", 0)
    return collections < LEARNED_COLLECTIONS or items < LEARNED_ITEMS


def breaches(known: Known, census: Census) -> list[Breach]:
    """Return how a collection departs from what is known; of another shape that alone is said."""
    if not census.items or is_learning(known):
        return []
    told, seen = known["fields"], census.fields()
    always = [name for name, f in told.items() if f["seen"] >= _ALWAYS_THERE * known["items"]]
    there = [name for name in always if name in seen]
    if always and len(there) < _SAME_SHAPE * len(always):
        got = ", ".join(list(seen)[:_NAMED]) or "no fields"
        row = next((alike.row for f in seen.values() for alike in f.types.values()), 0)
        expected = ", ".join(always[:_NAMED])
        return [Breach(UNKNOWN_SHAPE, "", expected, got, census.items, row, "")]
    return [*_new_and_changed(told, census, seen), *_missing(always, told, census, seen)]


def _new_and_changed(
    told: dict[str, Any], census: Census, seen: dict[str, Field]
) -> Iterator[Breach]:
    for name, found in seen.items():
        short = name[:MAX_NAME]
        usual = set(told.get(short, {}).get("types", ()))
        if not usual and found.count >= _LEAST_SHARE * census.items:
            types = sorted(found.types)
            first = found.types[types[0]]
            got = " or ".join(types)
            yield Breach(NEW_FIELD, short, "", got, found.count, first.row, _shown(first, name))
        # What was empty so far has no type yet.
        if not usual - {NOTHING}:
            continue
        for kind, alike in found.types.items():
            if kind in usual or kind == NOTHING or alike.count < _LEAST_SHARE * census.items:
                continue
            expected = " or ".join(sorted(usual - {NOTHING}))
            example = _shown(alike, name)
            yield Breach(CHANGED_TYPE, short, expected, kind, alike.count, alike.row, example)


def _missing(
    always: list[str], told: dict[str, Any], census: Census, seen: dict[str, Field]
) -> Iterator[Breach]:
    if census.items < _FEWEST_TO_MISS:
        return
    for name in always:
        there = seen[name].count if name in seen else 0
        if there <= _HARDLY_THERE * census.items:
            expected = " or ".join(told[name]["types"])
            yield Breach(MISSING_FIELD, name, expected, "", census.items - there, 0, "")


def _shown(alike: _Alike, name: str) -> str:
    text = str(alike.item.get(name, ""))[: MAX_EXAMPLE * 2]
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_EXAMPLE]


def allowed(known: Known, breach: Breach) -> Known:
    """Return what is known once a person said that a departure is right."""
    fields = {name: dict(told) for name, told in known.get("fields", {}).items()}
    if breach.kind == MISSING_FIELD and breach.field in fields:
        fields[breach.field]["seen"] = 0  # not always there any more
    elif breach.kind in (NEW_FIELD, CHANGED_TYPE):
        told = fields.setdefault(breach.field, {"types": [], "seen": 0})
        told["types"] = sorted({*told["types"], *breach.got.split(" or ")})
    elif breach.kind == UNKNOWN_SHAPE:
        return {}  # learned anew
    return {**known, "fields": fields}
