"""Who fetches, by what the program says of itself; nobody proves it."""

OURS = "us"
PERSON = "browser"
UNKNOWN = "unknown"
# what a user agent holds, in lower case, and whose it is; the first that fits
AGENTS = (
    ("jobly/", OURS),
    ("indeed", "indeed"),
    ("linkedin", "linkedin"),
    ("googlebot", "google"),
    ("google-inspectiontool", "google"),
    ("jooble", "jooble"),
    ("bingbot", "bing"),
    ("duckduckbot", "duckduckgo"),
    ("yandex", "yandex"),
    ("talent.com", "talent.com"),
    ("neuvoo", "talent.com"),
    ("adzuna", "adzuna"),
    ("careerjet", "careerjet"),
    ("ziprecruiter", "ziprecruiter"),
    ("glassdoor", "glassdoor"),
    ("monster", "monster"),
    ("talroo", "talroo"),
    ("jobrapido", "jobrapido"),
    ("feedly", "feedly"),
    ("feedparser", "feedparser"),
)
ROBOT = ("bot", "crawl", "spider", "fetch", "feed")
NO_BOARD = frozenset({OURS, PERSON})


def who(agent: str, *, signed_in: bool = False) -> str:
    """Name who fetches by its user agent; whoever is signed in here is one of us."""
    if signed_in:
        return OURS
    low = agent.lower()
    for mark, name in AGENTS:
        if mark in low:
            return name
    if low.startswith("mozilla/") and not any(word in low for word in ROBOT):
        return PERSON
    return UNKNOWN


def is_foreign(name: str) -> bool:
    """Whether a fetch by this one tells that somebody else took the jobs: no person, none of us."""
    return name not in NO_BOARD
