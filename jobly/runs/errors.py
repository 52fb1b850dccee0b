"""What can go wrong with a run, and the three ways a running body is told to stop."""

from jobly.errors import Conflict, Rejected


class UnknownKind(Rejected):
    """No `<app>/tasks.py` registers a run of this kind."""

    code = "unknown_kind"


class WrongArguments(Rejected):
    """The arguments are not those of the kind's function."""

    code = "wrong_arguments"


class RunMoved(Conflict):
    """The run is not in a state that allows this."""

    code = "run_moved"


class Stopped(Exception):
    """A running body has to leave; never catch this in an action."""


class LostLease(Stopped):
    """Another worker holds the run by now: whatever this one writes is refused."""


class Cancelled(Stopped):
    """Somebody asked for the run to be cancelled."""


class Released(Stopped):
    """The process is shutting down: the run goes back to its queue, its attempt unused."""
