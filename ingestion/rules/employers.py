"""Employers: the name on the posting, and the name as compared."""

import re
from functools import lru_cache

from ingestion.rules.texts import clean_line, comparable, unescape

MAX_EMPLOYER = 200
_RATING = re.compile(r"\s*[\r\n]+\s*[0-5](?:[.,]\d)?\s*(?:★|stars?)?\s*$")
_TAGS = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_ABSENT = frozenset(
    [
        "n/a",
        "na",
        "none",
        "null",
        "unknown",
        "confidential",
        "undisclosed",
        "-",
        "--",
        ".",
        "company",
        "employer",
        "-1",
        "not",
        "specified",
    ]
)
_LEGAL = frozenset(
    [
        "inc",
        "incorporated",
        "llc",
        "lllp",
        "llp",
        "lp",
        "ltd",
        "limited",
        "plc",
        "corp",
        "corporation",
        "co",
        "company",
        "gmbh",
        "mbh",
        "ag",
        "kg",
        "kgaa",
        "ohg",
        "ug",
        "ev",
        "eg",
        "se",
        "as",
        "asa",
        "ab",
        "oy",
        "oyj",
        "aps",
        "ivs",
        "bv",
        "nv",
        "vof",
        "cv",
        "sa",
        "sas",
        "sasu",
        "sarl",
        "srl",
        "spa",
        "sl",
        "slu",
        "lda",
        "ltda",
        "sro",
        "zoo",
        "spzoo",
        "doo",
        "dd",
        "ood",
        "eood",
        "ad",
        "kft",
        "zrt",
        "nyrt",
        "rt",
        "sia",
        "uab",
        "oü",
        "ou",
        "pty",
        "pte",
        "pvt",
        "private",
        "bhd",
        "sdn",
        "kk",
        "gk",
        "pc",
        "pllc",
        "pa",
        "na",
        "fze",
        "fzc",
        "fzco",
        "llc",
        "wll",
        "saoc",
        "jsc",
        "ojsc",
        "cjsc",
        "ooo",
        "zao",
        "tbk",
        "pt",
        "cic",
        "cio",
        "holding",
    ]
)
_DOTTED = re.compile(r"(?<=\b\w)\.(?=\w\b|\W|$)")
_JOINED = re.compile(r"\b(?:sp z o o|s r o|d o o|a s|s a|s p a|s r l|g m b h|b v|n v)$")
_TRAILING_THE = re.compile(r"^the | the$")


def clean_employer(text: str) -> str:
    """Return the employer's name on one line, without a rating under it; "" when it is none."""
    text = _RATING.sub("", text[: MAX_EMPLOYER * 4].strip())
    name = clean_line(_TAGS.sub(" ", unescape(text)), MAX_EMPLOYER).strip(" ,;|")
    return "" if name.casefold() in _ABSENT else name


@lru_cache(maxsize=65536)
def employer_key(name: str) -> str:
    """Return the name as compared: folded, without punctuation, article and legal form."""
    key = comparable(_DOTTED.sub("", name.replace("&", " and ").replace("'", "").replace("’", "")))
    key = _JOINED.sub("", _TRAILING_THE.sub("", key)).strip()
    words = key.split()
    while len(words) > 1 and (words[-1] in _LEGAL or words[-1] == "and"):
        words.pop()
    return " ".join(words)
