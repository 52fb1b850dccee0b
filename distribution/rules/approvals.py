"""Who may say yes to a publication, and whether one is needed: values in, values out."""

from collections.abc import Collection, Mapping
from uuid import UUID

WAITS = "waits_for_approval"  # the error code of a distribution that is held back
WAITS_TEXT = "Waits for approval; nothing was sent."
REFUSED = "not_approved"
MOST_DECIDED = 500  # in one go


def is_needed(settings: Mapping[UUID | None, bool], channel_id: UUID) -> bool:
    """Say whether a channel's publications wait: by its own word, else by its company's (None)."""
    return settings.get(channel_id, settings.get(None, False))


def refusal(
    *, owners: Collection[UUID], asker: UUID | None, person: UUID | None, is_operator: bool
) -> str:
    """Say why a person may not decide; empty when they may.

    An owner decides who is not the one who asked, unless there is no other owner. Where a company
    has no owner at all, an operator does.
    """
    if person is None:
        return "A person has to decide, not a program."
    others = [owner for owner in owners if owner != asker]
    if person in owners:
        alone = not others
        return "" if person != asker or alone else "Another owner has to decide: you asked for it."
    if is_operator and not owners:
        return ""
    return "Only owners of the company decide; nothing was changed."
