"""What a person says of a pair, at once in force; and by which bars the rule judges."""

from dataclasses import asdict

from django.db.models.functions import Now

from ingestion.errors import PairMoved
from ingestion.models import Likeness, LikenessRule, LikenessVerdict, Source
from ingestion.rules.likeness import judging
from ingestion.rules.likeness.judging import Answer, Rule
from jobly.errors import Rejected
from jobly.runs.actions import start, transaction
from jobly.runs.models import Run
from jobly.users.models import User

from .clustering import lock_clusters, settle


@transaction
def say(pair: Likeness, answer: Answer, *, actor: User | None) -> Likeness:
    """Note that two jobs are the same, or are not, and merge or split their clusters at once.

    The word stays whatever rule, text or transformer comes later, until it is taken back.
    """
    return _note(pair, str(answer), actor)


@transaction
def take_back(pair: Likeness, *, actor: User | None) -> Likeness:
    """Let the rule decide again: undo what a person said last.

    Raises: PairMoved if nothing was said.
    """
    return _note(pair, "", actor)


def _note(pair: Likeness, said: str, actor: User | None) -> Likeness:
    lock_clusters()
    row = Likeness.objects.select_for_update().get(pk=pair.pk)
    if row.said == said == "":
        raise PairMoved("Nobody has said anything of this pair; nothing was changed.")
    if row.said != said:
        LikenessVerdict.objects.create(likeness=row, said=said, before=row.said, actor=actor)
        Likeness.objects.filter(pk=row.pk).update(
            said=said, said_by=actor if said else None, said_at=Now() if said else None
        )
        settle([row.job_a_id, row.job_b_id])
    row.refresh_from_db()
    return row


@transaction
def change_rule(rule: Rule, *, source: Source | None, actor: User | None) -> Run:
    """Put a rule in force, for all sources or one, and start judging all pairs by it.

    Raises: Rejected when a bar is out of its range; nothing is changed then.
    """
    shares = (rule.jaccard, rule.containment, rule.cosine)
    in_range = all(judging.FLOOR <= share <= 1 for share in shares) and 0 <= rule.skills <= 1
    if not in_range or not 0 <= rule.window_days <= judging.KEPT_DAYS:
        raise Rejected(
            f"A bar is out of its range (shares {judging.FLOOR} to 1, skills 0 to 1, "
            f"0 to {judging.KEPT_DAYS:.0f} days); the rule was not changed."
        )
    LikenessRule.objects.create(source=source, created_by=actor, **asdict(rule))
    return start("ingestion.judge_again", {}, actor=actor)
