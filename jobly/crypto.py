"""Secrets at rest: a JSON field encrypted with a ring of keys, and the turning of that ring.

A stored value is `<key id>:<Fernet token>`. The first key encrypts, every key decrypts.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.functions import Cast
from django.db.models.query_utils import DeferredAttribute

from .errors import AuthExpired

ID_LENGTH = 8  # hex digits
BATCH = 200  # rows a statement looks at


class Secrets(dict[str, Any]):
    """A decrypted value that does not show itself in repr, tracebacks or logs."""

    def __repr__(self) -> str:
        return "<secrets>"


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """A value as stored; opened when somebody reads the attribute, not when the row is loaded."""

    text: str

    def open(self) -> Secrets:
        """Decrypt. Raises: AuthExpired when no key of the ring fits."""
        return Secrets(json.loads(_decrypt(self.text)))


def seal(value: dict[str, Any]) -> str:
    """Encrypt a JSON object with the first key."""
    first, fernet = next(iter(_ring().items()))
    plain = json.dumps(value, separators=(",", ":")).encode()
    return f"{first}:{fernet.encrypt(plain).decode()}"


def rotate(text: str) -> str:
    """Encrypt a stored value anew with the first key; unchanged when it already is.

    Raises: AuthExpired when no key of the ring fits.
    """
    return text if is_current(text) else seal(json.loads(_decrypt(text)))


def is_current(text: str) -> bool:
    """Whether a stored value was encrypted with the first key."""
    return text.startswith(f"{next(iter(_ring()))}:")


def _decrypt(text: str) -> bytes:
    """Decrypt a stored value with the key it names."""
    name, _, token = text.partition(":")
    fernet = _ring().get(name)
    try:
        if fernet is None:
            raise InvalidToken
        return fernet.decrypt(token.encode())
    except InvalidToken as exc:
        raise AuthExpired(
            "Stored credentials cannot be read: the key that sealed them is gone. Enter them again."
        ) from exc


def _ring() -> dict[str, Fernet]:
    """Return the keys by id, the encrypting one first."""
    return _ring_of(tuple(settings.FIELD_ENCRYPTION_KEYS))


@lru_cache(maxsize=8)
def _ring_of(keys: tuple[str, ...]) -> dict[str, Fernet]:
    """Make the ring of these keys."""
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty.")
    try:
        return {hashlib.sha256(k.encode()).hexdigest()[:ID_LENGTH]: Fernet(k) for k in keys}
    except ValueError as exc:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS holds no Fernet key.") from exc


class _Opening(DeferredAttribute):
    """Open a sealed value when the attribute is first read, so that a lost key breaks no list."""

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = value.open()
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedJSONField(models.TextField[Any, Any]):
    """A JSON object that is encrypted in the database, in dumps and in `__dict__` until read.

    Not editable in forms and not to be filtered by (only isnull): secrets are write-only.
    """

    descriptor_class = _Opening

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def get_lookup(self, lookup_name: str) -> Any:
        """Offer no comparison: equal values differ once encrypted."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def from_db_value(self, value: str | None, *_: Any) -> Sealed | None:
        """Take a value from the database, still sealed."""
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        """Take a value from a dump (sealed text) or from code (an object)."""
        return Sealed(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        """Take the value as it lies in the instance, without opening it."""
        return model_instance.__dict__.get(self.attname)

    def get_prep_value(self, value: Any) -> str | None:
        """Return what is stored."""
        if value is None:
            return None
        if isinstance(value, Sealed):
            return value.text
        if not isinstance(value, dict):
            raise TypeError("An encrypted field holds a JSON object.")
        return seal(value)

    def value_to_string(self, obj: models.Model) -> str:
        """Return what a dump may hold: the sealed text."""
        return self.get_prep_value(obj.__dict__.get(self.attname)) or ""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What one pass over one column did: rows sealed anew, already current, and beyond reading."""

    column: str
    rotated: int
    current: int
    unreadable: int


def encrypted_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Yield every model and field name of the project that holds sealed values."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001 # Django's documented API
            if isinstance(field, EncryptedJSONField):
                yield model, field.attname


def rotate_column(model: type[models.Model], name: str, *, dry_run: bool = False) -> Rotation:
    """Seal every value of a column with the first key, each row by compare-and-set.

    Stopped half-way it may simply be run again. `dry_run` counts what would be done.
    """
    counts = {"rotated": 0, "current": 0, "unreadable": 0}
    for pk, text in _sealed(model, name):
        counts[_rotate_one(model, name, (pk, text), dry_run=dry_run)] += 1
    return Rotation(f"{model._meta.label_lower}.{name}", **counts)  # noqa: SLF001


def _rotate_one(
    model: type[models.Model], name: str, row: tuple[Any, str], *, dry_run: bool
) -> str:
    """Rotate one value and say what became of it; a row somebody else just wrote is current."""
    pk, text = row
    if is_current(text):
        return "current"
    try:
        fresh = rotate(text)
    except AuthExpired:
        return "unreadable"
    if dry_run:
        return "rotated"
    rows = model._base_manager.annotate(_raw=Cast(name, models.TextField()))  # noqa: SLF001
    changed = rows.filter(pk=pk, _raw=text).update(**{name: Sealed(fresh)})
    return "rotated" if changed else "current"


def _sealed(model: type[models.Model], name: str) -> Iterator[tuple[Any, str]]:
    """Yield (primary key, stored text) of a column, in batches that hold no transaction open."""
    rows = model._base_manager.filter(**{f"{name}__isnull": False}).order_by("pk")  # noqa: SLF001
    batch = list(rows.values_list("pk", name)[:BATCH])
    while batch:
        yield from ((pk, sealed.text) for pk, sealed in batch)
        batch = list(rows.filter(pk__gt=batch[-1][0]).values_list("pk", name)[:BATCH])
