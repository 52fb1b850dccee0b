"""How many calls to one board may be in the air: few until it has answered, more while it does."""

from dataclasses import dataclass

MOST = 64  # calls to one board
DOUBTED = 5  # to one that does not answer: as many failures open its breaker
PATIENCE = 1.0  # seconds without an answer before one more call asks whether the board is dead


@dataclass(slots=True)
class Lane:
    """The way to one board. Times are seconds of one clock that never goes back.

    A board that is dead, or asks for a pause, is told by the first call and not by sixty-four.
    """

    most: int = MOST
    room: int = 1
    flying: int = 0
    last_at: float = 0.0  # a call went out, or an answer came in

    def free(self, now: float) -> int:
        """Return how many calls may begin now."""
        if self.flying < self.room:
            return self.room - self.flying
        doubted = min(DOUBTED, self.most)
        return int(self.flying < doubted and now - self.last_at > PATIENCE)

    def is_stuck(self, now: float) -> bool:
        """Whether calls are in the air and none has been answered for a while."""
        return self.flying > 0 and now - self.last_at > PATIENCE

    def begin(self, now: float) -> None:
        """Note that a call goes out."""
        self.flying += 1
        self.last_at = now

    def end(self, now: float, *, well: bool) -> None:
        """Note how a call went: each that went well makes room for one more, a failure for one."""
        self.flying -= 1
        self.last_at = now
        self.room = min(self.most, self.room + 1) if well else 1
