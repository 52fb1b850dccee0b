import pytest

from jobly.runs.actions.progress import Position, Progress
from jobly.runs.models import Run


@pytest.mark.parametrize(
    ("position", "percent"),
    [
        (Position(), 0),
        (Position(done=3), 0),
        (Position(done=3, failed=1, skipped=1, total=10), 50),
        (Position(done=12, total=10), 100),
        (Position(done=3, share=0.377), 37),
        (Position(done=3, share=1.0), 99),
        (Position(done=1, total=4, share=0.9), 25),
    ],
)
def test_percent_goes_by_items_else_by_share(position, percent):
    assert position.percent == percent


def test_what_is_not_told_stays():
    progress = Progress(Run())
    progress.tell(done=2, share=0.5, step="Reading")
    progress.tell(failed=1)
    assert progress.position == Position(done=2, failed=1, share=0.5, step="Reading")
