"""One sentence for a job on a board: why it is there, or why it is not, with what shows it."""

from distribution.rules import states
from distribution.rules.proof import Facts

from .absent import absent
from .standing import STANDING
from .words import Why


def why(facts: Facts) -> Why:
    """Say why a job is on a board or not."""
    row = facts.row
    if row is None or row.status in states.ENDED:
        return absent(facts)
    return STANDING[row.status](facts, row)
