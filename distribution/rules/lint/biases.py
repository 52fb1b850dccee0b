"""Words that keep people from applying, by kind, with a plainer one; English and German apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from distribution.rules.content import Content
from ingestion.rules.languages import language_of_text

from .findings import Finding, Fix

SOURCE: Final = "Jobly: plain words; equal treatment at work ({})"
LAWS: Final = {
    "gender": "US Title VII, Directive 2006/54/EC",
    "age": "US ADEA, Directive 2000/78/EC",
    "origin": "US Title VII, Directive 2000/43/EC",
    "disability": "US ADA, Directive 2000/78/EC",
    "family": "Directive 2006/54/EC",
    "religion": "US Title VII, Directive 2000/78/EC",
}
MOST_NAMED: Final = 8  # words of one posting


@dataclass(frozen=True, slots=True)
class Word:
    """A pattern of words, the kind of bias, and what may stand instead (empty: leave it out)."""

    kind: str
    pattern: re.Pattern[str]
    instead: str


def _word(kind: str, pattern: str, instead: str) -> Word:
    return Word(kind, re.compile(rf"(?i)\b(?:{pattern})\b"), instead)


ENGLISH: Final = (
    _word("gender", r"sales(?:man|men)", "salesperson"),
    _word("gender", r"chairm[ae]n", "chairperson"),
    _word("gender", r"forem[ae]n", "supervisor"),
    _word("gender", r"handym[ae]n", "maintenance worker"),
    _word("gender", r"repairm[ae]n", "repairer"),
    _word("gender", r"workm[ae]n", "worker"),
    _word("gender", r"crafts(?:man|men)", "craftsperson"),
    _word("gender", r"cameram[ae]n", "camera operator"),
    _word("gender", r"firem[ae]n", "firefighter"),
    _word("gender", r"policem[ae]n", "police officer"),
    _word("gender", r"(?:steward|host)ess(?:es)?", "attendant"),
    _word("gender", r"waitress(?:es)?", "server"),
    _word("gender", r"manpower", "workforce"),
    _word("gender", r"man[- ]hours", "working hours"),
    _word("gender", r"rock ?stars?", "skilled colleague"),
    _word("gender", r"ninjas?", "expert"),
    _word("gender", r"coding gurus?|sales gurus?", "expert"),
    _word("age", r"young (?:and|&) (?:dynamic|energetic|motivated|ambitious)", "motivated"),
    _word("age", r"young,? (?:dynamic |energetic )?team", "team"),
    _word("age", r"young,? (?:dynamic |energetic )?professionals", "professionals"),
    _word("age", r"young,? (?:dynamic |energetic )?candidates", "candidates"),
    _word("age", r"young,? (?:dynamic |energetic )?graduates", "graduates"),
    _word("age", r"youthful", "lively"),
    _word("age", r"digital natives?", "people at ease with digital tools"),
    _word("age", r"recent (?:college |university )?graduates? only", "graduates"),
    _word(
        "age",
        # of those under 18 texts speak that have to do with children
        r"(?:under|below|not older than|maximum age(?: of)?) (?:2[1-9]|[3-9]\d) years"
        r"(?: old| of age)?",
        "",
    ),
    _word(
        "origin",
        r"native (?:english|german|french|spanish|dutch|italian)?[- ]?speakers?",
        "fluent speaker",
    ),
    _word("origin", r"native (?:english|german|french|spanish|dutch|italian)", "fluent"),
    _word(
        "origin",
        r"(?:us|american|british|german) (?:citizens?|nationals?) only",
        "people who may work here",
    ),
    _word("disability", r"able[- ]bodied", "able to do the tasks named"),
    _word(
        "disability",
        r"(?:physically|mentally) (?:fit|healthy|perfect)",
        "able to do the tasks named",
    ),
    _word("disability", r"no (?:disabilities|health problems|medical conditions)", ""),
    _word("family", r"(?:no|without) (?:children|kids|family commitments)", ""),
    _word(
        "family",
        r"(?<!every )(?<!each )(?<!any )(?<!\ba )(?:single|unmarried),? "
        r"(?:women|men|candidates?|applicants?)",
        "applicants",
    ),
    _word("religion", r"(?:christian|muslim|jewish|catholic)s? only", ""),
)
GERMAN: Final = (
    _word(
        "age",
        r"junge[smrn]?,? (?:und )?(?:dynamische[smrn]? )?(?:team|mitarbeiter|kollegen|leute)",
        "engagiertes Team",
    ),
    _word("age", r"(?:höchstens|maximal|nicht älter als) \d{2} jahre(?: alt)?", ""),
    _word("age", r"digital natives?", "Menschen, die digital arbeiten"),
    _word("origin", r"(?:deutsche[rn]? )?muttersprachler(?:in)?", "fließend Deutsch"),
    _word("disability", r"körperlich(?:e|er)? (?:gesund|fit|unversehrt)", ""),
    _word("family", r"ohne (?:kinder|familiäre verpflichtungen)", ""),
)
LISTS: Final = {"en": ENGLISH, "de": GERMAN, "": ENGLISH}


def check(content: Content) -> Iterator[Finding]:
    """Look for biased words of the language the posting is in; other languages are left alone."""
    text = content.description_text or re.sub(r"<[^>]*>", " ", content.description_html)
    words = LISTS.get(language_of_text(f"{content.title}. {text}"), ())
    shown = 0
    for word in words:
        for field, where in (("title", content.title), ("description", text)):
            found = word.pattern.search(where)
            if found and shown < MOST_NAMED:
                shown += 1
                yield _finding(content, word, field, found)


def _finding(content: Content, word: Word, field: str, found: re.Match[str]) -> Finding:
    kind, said = word.kind, found[0]
    better = f"; say “{word.instead}”" if word.instead else "; leave it out"
    message = f"“{said}” may keep people away ({kind}){better}."
    finding = Finding(
        f"biased_{kind}",
        "warning",
        field,
        message,
        SOURCE.format(LAWS[kind]),
        span=found.span(),
    )
    return finding if not word.instead else _with_fix(content, finding, word, said)


def _with_fix(content: Content, finding: Finding, word: Word, said: str) -> Finding:
    """Offer the plainer word wherever the text has this one, in the spelling's own beginning."""
    old = content.title if finding.field == "title" else content.description_html
    new = word.pattern.sub(lambda m: _like(m[0], word.instead), old)
    if new == old:  # the words stand across tags
        return finding
    fix = Fix(finding.field, new, f"Say “{_like(said, word.instead)}” instead of “{said}”")
    return finding.fixed_by(fix.field, fix.value, fix.words)


def _like(old: str, new: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() else new
