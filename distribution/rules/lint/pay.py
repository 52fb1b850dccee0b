"""Pay transparency: where the law wants pay in a posting, and whether this one has it.

A law that binds whoever advertises work at a place stops a publication. Those of American states
and Canadian provinces bind employers who have people there, some from a number of them on, and
spare others (the federal government, tribes): nothing we know of a job says on which side its
employer stands, so they warn, with the law named, and the recruiter decides. Who wants no posting
without pay to leave lists `salary_min` and `salary_max` in the channel's required fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from distribution.rules.content import Content
from distribution.rules.payloads import amount

from .findings import Around, Finding, Level, error, hint, warning

Asks = Literal["range", "minimum", "before"]
ENOUGH_ALIKE: Final = 3.0  # an upper end this many times the lower one says little


@dataclass(frozen=True, slots=True)
class PayLaw:
    """What a place asks of postings: both ends of the range, the least, or either before talks.

    `employers` is how many people employers have there from which they are bound; 0 binds whoever
    advertises work at the place. `benefits`: these have to be named too.
    """

    country: str
    region: str
    place: str
    law: str
    since: date
    asks: Asks = "range"
    employers: int = 1
    benefits: bool = False

    @property
    def level(self) -> Level:
        """How sure it is that this posting may not go without."""
        return "warning" if self.employers or self.asks == "before" else "error"

    @property
    def who(self) -> str:
        """Whom the law binds, in words."""
        if self.employers == 1:
            return "every employer with people there"
        return f"employers of {self.employers} or more" if self.employers else "every employer"


# our own table: place, law, in force since, what a posting has to say, from how many employees on
LAWS: Final = (
    PayLaw("US", "CO", "Colorado", "Equal Pay for Equal Work Act, C.R.S. § 8-5-201 (2019)",
           date(2021, 1, 1), benefits=True),
    PayLaw("US", "CA", "California", "Labor Code § 432.3 as of SB 1162 (2022)",
           date(2023, 1, 1), employers=15),
    PayLaw("US", "NY", "New York", "Labor Law § 194-b (2022), in the city Local Law 32 of 2022",
           date(2023, 9, 17), employers=4),
    PayLaw("US", "WA", "Washington", "Equal Pay and Opportunities Act, RCW 49.58.110 (2022)",
           date(2023, 1, 1), employers=15, benefits=True),
    PayLaw("US", "IL", "Illinois", "Equal Pay Act of 2003, 820 ILCS 112/10, as of HB 3129 (2023)",
           date(2025, 1, 1), employers=15, benefits=True),
    PayLaw("US", "MD", "Maryland", "Equal Pay for Equal Work, Wage Range Transparency (2024)",
           date(2024, 10, 1), benefits=True),
    PayLaw("US", "DC", "the District of Columbia", "Wage Transparency Omnibus Amendment Act (2023)",
           date(2024, 6, 30)),
    PayLaw("US", "MN", "Minnesota", "Minn. Stat. § 181.173 (2024)",
           date(2025, 1, 1), employers=30, benefits=True),
    PayLaw("US", "HI", "Hawaii", "Act 203 (2023)", date(2024, 1, 1), employers=50),
    PayLaw("US", "VT", "Vermont", "Act 155 (2024)", date(2025, 7, 1), employers=5),
    PayLaw("US", "NJ", "New Jersey", "Pay and Benefit Transparency Act, P.L. 2024, c. 91",
           date(2025, 6, 1), employers=10, benefits=True),
    PayLaw("US", "MA", "Massachusetts", "Frances Perkins Workplace Equity Act (2024)",
           date(2025, 10, 29), employers=25),
    PayLaw("CA", "BC", "British Columbia", "Pay Transparency Act, SBC 2023, c. 18",
           date(2023, 11, 1)),
    PayLaw("CA", "ON", "Ontario", "Working for Workers Four Act (2024)",
           date(2026, 1, 1), employers=25),
    PayLaw("AT", "", "Austria", "Gleichbehandlungsgesetz § 9 (2)", date(2011, 3, 1), "minimum",
           employers=0),
    PayLaw("SK", "", "Slovakia", "Act 5/2004 on Employment Services § 62", date(2018, 5, 1),
           "minimum", employers=0),
    PayLaw("LV", "", "Latvia", "Labour Law, section 32 (3)", date(2018, 12, 1), "minimum",
           employers=0),
    PayLaw("LT", "", "Lithuania", "Labour Code, article 25 (6)", date(2022, 8, 1), "minimum",
           employers=0),
)  # fmt: skip
# the directive lets the pay be told in the posting or before the first interview
EU: Final = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()
)
DIRECTIVE: Final = "Directive (EU) 2023/970, article 5"
DIRECTIVE_SINCE: Final = date(2026, 6, 7)
REMOTE_NAMED: Final = 4  # laws that a finding about a remote job names


def check(content: Content, around: Around) -> Iterator[Finding]:
    """Check the pay stated against the laws of the place, or of all places a remote job reaches."""
    today = around.now.date() if around.now else None
    bound = [law for law in laws_of(content) if today is None or law.since <= today]
    if _reaches_all(content):
        yield from _remote(content, bound)
    else:
        for law in bound:
            yield from _law(content, law)
    if not bound and content.country in EU and (today is None or today >= DIRECTIVE_SINCE):
        yield from _directive(content)
    yield from _shape(content)


def laws_of(content: Content) -> list[PayLaw]:
    """Return the laws a posting falls under: its place's, or a whole country's if it is remote."""
    if _reaches_all(content):
        return [law for law in LAWS if law.country == (content.country or "US")]
    here = (content.country, content.region)
    return [law for law in LAWS if (law.country, law.region or content.region) == here]


def _reaches_all(content: Content) -> bool:
    """Whether the work may be done from any part of a country that has such laws in parts."""
    words = content.location_text.casefold()
    in_us = content.country == "US" or (not content.country and "us" in words.split())
    return content.is_remote and not content.region and (in_us or content.country == "CA")


def _says_enough(content: Content, law: PayLaw) -> bool:
    if law.asks == "range":
        return content.salary_min is not None and content.salary_max is not None
    return content.salary_min is not None


def _law(content: Content, law: PayLaw) -> Iterator[Finding]:
    if _says_enough(content, law):
        if law.benefits:
            yield from _benefits(content, law)
        return
    find = error if law.level == "error" else warning
    wants = "both ends of the pay range" if law.asks == "range" else "at least the lowest pay"
    said = "Pay is not stated" if not _any_pay(content) else "The pay range has one end only"
    message = f"{said}. In {law.place} the law asks {law.who} for {wants} in the posting."
    yield find("pay_missing", "salary", message, law.law)


def _benefits(content: Content, law: PayLaw) -> Iterator[Finding]:
    words = content.description_text.casefold()
    if not any(
        word in words for word in ("benefit", "insurance", "401(k)", "paid time off", "pto")
    ):
        message = f"In {law.place} postings have to name the benefits too; none is found."
        yield warning("benefits_missing", "description", message, law.law)


def _remote(content: Content, bound: list[PayLaw]) -> Iterator[Finding]:
    lacking = [law for law in bound if not _says_enough(content, law)]
    if not lacking:
        return
    places = ", ".join(law.place for law in lacking)
    country = "the United States" if lacking[0].country == "US" else "Canada"
    message = (
        f"Pay is not stated with both ends. One may work from anywhere in {country}, so the laws "
        f"of {places} may hold for this posting: where an employer has people there, they do."
    )
    named = "; ".join(f"{law.place}: {law.law}" for law in lacking[:REMOTE_NAMED])
    more = len(lacking) - REMOTE_NAMED
    source = f"{named}; and {more} more" if more > 0 else named
    yield warning("pay_missing_remote", "salary", message, source)


def _directive(content: Content) -> Iterator[Finding]:
    if not _any_pay(content):
        message = (
            "Pay is not stated. In the European Union applicants have to be told it in the posting "
            "or before the first interview."
        )
        yield warning("pay_missing", "salary", message, DIRECTIVE)


def _shape(content: Content) -> Iterator[Finding]:
    """Look at pay that is stated: its unit, its order, and how wide it is."""
    low, high = content.salary_min, content.salary_max
    source = "Jobly: what seekers can compare"
    if _any_pay(content) and not (content.salary_currency and content.salary_period):
        lacks = "currency" if not content.salary_currency else "period (per hour, month, year)"
        yield warning("pay_unclear", "salary", f"The pay has no {lacks}.", source)
    elif low and high and high >= low * ENOUGH_ALIKE:
        span = f"{amount(low, content.salary_currency)} to {amount(high, content.salary_currency)}"
        message = f"The range is wide ({span}): laws want what you expect to pay in good faith."
        yield hint("pay_wide", "salary", message, source)


def _any_pay(content: Content) -> bool:
    return content.salary_min is not None or content.salary_max is not None
