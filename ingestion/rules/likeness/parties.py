"""Who stands behind a link to apply: the employer itself, or a board in between."""

from typing import Final

from ingestion.rules.display import host_of
from ingestion.rules.employers import employer_key

# systems that employers run their own career pages on
_ATS: Final = (
    "greenhouse.io", "lever.co", "ashbyhq.com", "smartrecruiters.com", "workable.com",
    "recruitee.com", "personio.de", "personio.com", "myworkdayjobs.com", "myworkdaysite.com",
    "bamboohr.com", "icims.com", "taleo.net", "successfactors.com", "successfactors.eu",
    "jobvite.com", "breezy.hr", "teamtailor.com", "oraclecloud.com", "ultipro.com",
)  # fmt: skip
_SHORTEST: Final = 4  # letters of a name that are looked for within a host


def is_first_party(url: str, employer: str, domain: str) -> bool:
    """Whether one applies at the employer: at its domain, under its name, or at its own ATS."""
    try:
        host = host_of(url).lower()
    except ValueError:
        return False
    if not host or "@" in host:
        return False
    if domain and _is_under(host, domain.lower().removeprefix("www.")):
        return True
    if any(_is_under(host, ats) for ats in _ATS):
        return True
    name = "".join(employer_key(employer).split())
    labels = host.split(".")[:-1]
    return len(name) >= _SHORTEST and any(name in label.replace("-", "") for label in labels)


def _is_under(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)
