"""What a person has to say before pages of a site are collected, word by word."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from jobly.errors import Rejected

TEXT_VERSION = 1
LASTS = timedelta(days=180)
SHORTEST_EVIDENCE = 10  # characters
LONGEST_AGENT = 200
HONEST = "JoblyBot"  # begins every name of ours
#: the ground on which pages may be collected
BASES: Mapping[str, str] = MappingProxyType(
    {
        "own_site": "the site is our own",
        "written_permission": "its owner gave written permission",
        "terms_allow": "its terms allow it",
        "no_public_api": "its postings are public and it offers no API or feed",
    }
)

#: grounds on which cookies of an account of ours may go with the requests
OWN_ACCOUNT = frozenset({"own_site", "written_permission", "terms_allow"})


def sentence(host: str, *, respect_robots: bool) -> str:
    """Return what has to be typed to answer for collecting from a host."""
    robots = "I keep to its robots.txt." if respect_robots else "I do NOT keep to its robots.txt."
    return f"I may collect job pages from {host} and answer for it. {robots}"


def check(typed: str, host: str, evidence: str, *, respect_robots: bool, agent: str) -> None:
    """Check what a person filled in.

    Raises: Rejected naming each field that does not do.
    """
    wrong = {}
    wanted = sentence(host, respect_robots=respect_robots)
    if " ".join(typed.split()) != wanted:
        wrong["typed"] = [f"Type exactly: {wanted}"]
    if len(evidence.strip()) < SHORTEST_EVIDENCE:
        wrong["evidence"] = ["Say where the permission or the terms can be looked up."]
    if len(agent) > LONGEST_AGENT or not agent.isprintable():
        wrong["agent"] = ["One line of at most 200 characters."]
    if wrong:
        raise Rejected("Nothing was acknowledged.", fields=wrong)


def is_honest(agent: str) -> bool:
    """Whether a user agent says that it is a program of ours."""
    return agent.startswith(HONEST)
