"""Languages: the tag of a field, or what the commonest words of a text give away."""

from typing import Final

from ingestion.rules.texts import folded, words_in

_TAG_LENGTHS: Final = (2, 3)
_READ: Final = 800
_FEWEST_WORDS: Final = 12
# A text has at least this share of its language's commonest words, and clearly more than others'.
_LEAST_SHARE: Final = 0.12
_CLEARLY: Final = 1.5

_COMMON: Final = {
    "en": "the and of to a in is you for with our we are will your be on as or that this have",
    "de": "und die der wir sie in mit du fur das von zu ist ein eine den im bei auf als unser dich",
    "fr": "de la et les des vous nous le en un une pour dans est du avec votre notre au sur a",
    "es": "a de la y en el con los para las que una por del un se tu es como al nuestro",
    "pt": "de a e o em para com os da do que uma um na no as por se voce nossa dos",
    "it": "di e la il per in con del che un una i le della si nel sei al sono nostro da",
    "nl": "de en het van een je in met voor is te op bij aan wij ons zijn dat jij naar",
    "sv": "och att i som vi for en med du av ar det pa till har ett din om vara kommer",
    "no": "og i til for av med som vi du er det en pa a har et vil kan din vare oss jobb bli",
    "da": "og i til for af med som vi du er det en pa at har et vil kan din vores os blive",
    "fi": "ja on tai sinulla etta me olet kanssa myos meille tyo joka ovat seka sen ei",
    "pl": "i w z na do oraz o sie nie jest dla praca po od oferujemy co za przez jako",
    "cs": "a v na se s je do k pro o z prace ve nebo co od za jako praci nabizime",
    "tr": "ve bir bu icin ile olarak olan da de en veya is cok gibi daha sahip",
}


_ENGLISH: Final = frozenset(_COMMON["en"].split())
# No other language in our list has as many words in common with English.
_SURELY_ENGLISH: Final = 0.25


def _by_word() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for language, words in _COMMON.items():
        for word in words.split():
            table[word] = (*table.get(word, ()), language)
    return table


_LANGUAGES_OF: Final = _by_word()


def language_of_tag(tag: str) -> str:
    """Return the primary language of a tag: "en" of "en-US"; "" for what is no tag."""
    primary = tag.strip().replace("_", "-").split("-", 1)[0].lower()
    fits = len(primary) in _TAG_LENGTHS and primary.isascii() and primary.isalpha()
    return primary if fits else ""


def language_of_text(text: str) -> str:
    """Return the language a text is written in, "" when it is short, mixed or not in our list."""
    words = words_in(folded(text)[:_READ])
    if len(words) < _FEWEST_WORDS:
        return ""
    if sum(map(_ENGLISH.__contains__, words)) >= _SURELY_ENGLISH * len(words):
        return "en"
    seen = dict.fromkeys(_COMMON, 0)
    for word in filter(_LANGUAGES_OF.__contains__, words):
        for language in _LANGUAGES_OF[word]:
            seen[language] += 1
    best, second = sorted(seen, key=seen.__getitem__, reverse=True)[:2]
    most, less = seen[best], seen[second]
    # Norwegian and Danish share most small words, so any lead must do.
    lead = 1.0 if {best, second} == {"no", "da"} else _CLEARLY
    return best if most >= _LEAST_SHARE * len(words) and most > lead * less else ""
