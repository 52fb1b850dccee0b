"""What of a job's texts a search entry is made of."""

from ingestion.rules.texts import fold


def searched(text: str) -> str:
    """Return a text as PostgreSQL gets it for a document without places: folded, each piece once.

    The document is the same as that of the whole text, made in half the time. A "<" may open a tag,
    which PostgreSQL reads across spaces: such a text keeps its repetitions.
    """
    low = fold(text)
    return low if "<" in low else " ".join(dict.fromkeys(low.split()))
