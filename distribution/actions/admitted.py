"""What people and programs ask for, refused while too much of theirs or of everybody's waits.

Facts, schedules and runs call `changes` itself: what was promised already is never refused.
"""

from datetime import datetime

from distribution.actions import changes
from distribution.models import Channel, Distribution
from ingestion.models import Job
from jobly.runs.actions.admission import admit, admitting
from jobly.users.models import User

close_distribution = admitting("distribution.close", changes.close_distribution)
post_again = admitting("distribution.publish", changes.post_again)
publish_now = admitting("distribution.publish", changes.publish_now)
renew_distribution = admitting("distribution.update", changes.renew_distribution)
retry_distribution = admitting("distribution.publish", changes.retry_distribution)
update_distribution = admitting("distribution.update", changes.update_distribution)


def create_distribution(
    job: Job, channel: Channel, *, actor: User | None, at: datetime | None = None
) -> Distribution:
    """Put a job on its way to a channel if there is room for the work.

    Raises: TooMany, NotDistributable, AlreadyDistributed.
    """
    admit("distribution.publish", company_id=channel.company_id)
    return changes.create_distribution(job, channel, actor=actor, at=at)
