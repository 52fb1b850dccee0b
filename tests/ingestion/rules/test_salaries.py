import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.salaries import (
    PER_YEAR,
    SWAPPED,
    UNREADABLE,
    Salary,
    Stated,
    find_salary,
    read_salary,
)


def read(text: str, **fields: str) -> tuple[float | None, float | None, str, str] | None:
    salary, _ = read_salary(Stated(text=text, **fields))
    if salary is None:
        return None
    low, high = (None if end is None else end / 100 for end in (salary.min_minor, salary.max_minor))
    return low, high, salary.currency, salary.period


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$41K-$58K (site est.)", (41_000, 58_000, "USD", "YEAR")),
        ("Employer Provided Salary:$95K-$130K", (95_000, 130_000, "USD", "YEAR")),
        ("$19-$23 Per Hour(site est.)", (19, 23, "USD", "HOUR")),
        ("$18.50 - $21.75 an hour", (18.5, 21.75, "USD", "HOUR")),
        ("€45.000 – €55.000 pro Jahr", (45_000, 55_000, "EUR", "YEAR")),
        ("60.000,50 €", (60_000.5, 60_000.5, "EUR", "YEAR")),
        ("ab 3.500 € brutto/Monat", (3_500, None, "EUR", "MONTH")),
        ("£30k pa", (30_000, 30_000, "GBP", "YEAR")),
        ("£500 per day", (500, 500, "GBP", "DAY")),
        ("Band 4: £27,100 to £29,900", (27_100, 29_900, "GBP", "YEAR")),
        ("Between £60k and £80k", (60_000, 80_000, "GBP", "YEAR")),
        ("CAD 90,000/yr", (90_000, 90_000, "CAD", "YEAR")),
        ("$100,000 - $120,000 CAD", (100_000, 120_000, "CAD", "YEAR")),
        ("70,000 - 90,000 USD", (70_000, 90_000, "USD", "YEAR")),
        ("$100-120k", (100_000, 120_000, "USD", "YEAR")),
        ("65-80k EUR", (65_000, 80_000, "EUR", "YEAR")),
        ("90 - 110 K€", (90_000, 110_000, "EUR", "YEAR")),
        ("Up to $25/h", (None, 25, "USD", "HOUR")),
        ("from 100k", (100_000, None, "", "YEAR")),
        ("$140K+", (140_000, None, "USD", "YEAR")),
        ("$90K/yr - $120K/yr", (90_000, 120_000, "USD", "YEAR")),
        ("12-15 LPA", (1_200_000, 1_500_000, "INR", "YEAR")),
        ("₹8,00,000 - ₹12,00,000 a year", (800_000, 1_200_000, "INR", "YEAR")),
        ("kr 600 000", (600_000, 600_000, "", "YEAR")),
        ("NOK 45 000 per month", (45_000, 45_000, "NOK", "MONTH")),
        ("CHF 110'000", (110_000, 110_000, "CHF", "YEAR")),
        ("R25 000 per month", (25_000, 25_000, "ZAR", "MONTH")),
        ("$22/hr, 40 hours per week", (22, 22, "USD", "HOUR")),
        ("$80k – 100k USD + 0.1% - 0.5% equity", (80_000, 100_000, "USD", "YEAR")),
        ("$65,000 plus 401k", (65_000, 65_000, "USD", "YEAR")),
        ("$70,000 a year, paid bi-weekly", (70_000, 70_000, "USD", "YEAR")),
        ("A$100k + super", (100_000, 100_000, "AUD", "YEAR")),
        ("CHF 90'000.- bis 110'000.-", (90_000, 110_000, "CHF", "YEAR")),
        ("40 000 – 60 000 Kč / měsíc", (40_000, 60_000, "CZK", "MONTH")),
        ("30-40 tys. PLN", (30_000, 40_000, "PLN", "MONTH")),
        ("45–55 T€", (45_000, 55_000, "EUR", "YEAR")),
        ("£400-£450pd", (400, 450, "GBP", "DAY")),
        ("Band 3 £23,100 - £24,900 a year", (23_100, 24_900, "GBP", "YEAR")),
        ("up to 1.5 lakh per month", (None, 150_000, "INR", "MONTH")),
        ("1.234,56 € brutto im Monat", (1_234.56, 1_234.56, "EUR", "MONTH")),
        ("50 - 60.000 €", (50_000, 60_000, "EUR", "YEAR")),
        ("45 à 55 k€ brut annuel", (45_000, 55_000, "EUR", "YEAR")),
        ("65-75 TEUR Jahresgehalt", (65_000, 75_000, "EUR", "YEAR")),
        ("mind. 2.800 € brutto", (2_800, None, "EUR", "MONTH")),
        ("€450 dagtarief", (450, 450, "EUR", "DAY")),
        ("R$ 3.000 a R$ 4.000", (3_000, 4_000, "BRL", "MONTH")),
        ("from 200 000 \u0440\u0443\u0431.", (200_000, None, "RUB", "MONTH")),
        ("8 000 - 12 000 lei net", (8_000, 12_000, "RON", "MONTH")),
        ("15,000 - 18,000 元/月", (15_000, 18_000, "CNY", "MONTH")),
        ("PKR 60,000.00 - PKR 80,000.00 a month", (60_000, 80_000, "PKR", "MONTH")),
        ("PKR 80,000 - 120,000", (80_000, 120_000, "PKR", "MONTH")),
        ("PKR 50K-80K", (50_000, 80_000, "PKR", "MONTH")),
        ("$0-$100k", (None, 100_000, "USD", "YEAR")),
    ],
)
def test_a_salary_text_is_read(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "competitive",
        "DOE",
        "-1",
        "0",
        "401k match",
        "40 hours per week",
        "negotiable in 2027",
        "5 % bonus",
        "$0",
        "GS-12",
        "100 billion $",
        "$2,500 bi-weekly",
        "1000-2000 USD/project",
        "25",
        "$0 - $0",
        "Competitive + bonus up to 10%",
        "According to the collective agreement E13",
    ],
)
def test_what_is_no_salary_is_none_with_a_warning(text):
    assert read_salary(Stated(text=text)) == (None, UNREADABLE)


@pytest.mark.parametrize("text", ["", "  ", "N/A", "null", "-", "NaN"])
def test_an_absent_salary_is_no_warning(text):
    assert read_salary(Stated(text=text)) == (None, "")


@pytest.mark.parametrize(
    ("country_currency", "currency"), [("", "USD"), ("CAD", "CAD"), ("SGD", "SGD"), ("NOK", "USD")]
)
def test_a_bare_dollar_is_that_of_the_country_that_has_one(country_currency, currency):
    salary, _ = read_salary(Stated(text="$70,000 a year", local=country_currency))

    assert salary.currency == currency


def test_minor_units_follow_the_currency():
    yen, _ = read_salary(Stated(text="¥6,000,000"))
    dinar, _ = read_salary(Stated(text="KWD 1,250.500 monthly"))
    assert (yen.min_minor, yen.currency) == (6_000_000, "JPY")
    dong, _ = read_salary(Stated(text="20 - 30 triệu"))

    assert (dong.min_minor, dong.currency, dong.period) == (20_000_000, "VND", "MONTH")
    assert (dinar.min_minor, dinar.annual_min_minor) == (1_250_500, 1_250_500 * 12)


@pytest.mark.parametrize("mark", ["Rs ", "PKR ", "Rs. "])
def test_rupees_of_a_month_are_never_dollars_of_a_year(mark):
    salary, _ = read_salary(Stated(text=f"{mark}90,000 - 150,000", local="PKR"))

    assert (salary.currency, salary.period) == ("PKR", "MONTH")
    assert salary.annual_max_minor == 150_000 * 12 * 100


@pytest.mark.parametrize(
    ("stated", "confidence"),
    [
        (Stated("USD 90,000 - 110,000 a year"), 1.0),
        (Stated(low="90000", high="110000", currency="USD", period="year"), 1.0),
        (Stated("$90,000 - $110,000 a year"), 0.9),
        (Stated("$90,000 - $110,000 a year", local="CAD"), 1.0),
        (Stated("$90,000 - $110,000", local="USD"), 0.7),
        (Stated("90,000 - 110,000 a year", local="EUR"), 0.8),
        (Stated("90,000 - 110,000"), 0.42),
        (Stated("€90,000+ a year"), 0.95),
        (Stated("EUR 110,000 - 90,000 a year"), 0.6),
    ],
)
def test_what_was_not_said_costs_confidence(stated, confidence):
    assert read_salary(stated)[0].confidence == confidence


def test_pay_found_in_a_description_is_believed_less_than_a_field():
    found = find_salary("The salary range is USD 90,000 - 110,000 per year.", local="")

    assert found.confidence == 0.8


def test_fields_win_over_the_text():
    stated = Stated("Great pay!", "52000", "61000.50", "USD", "Annual")

    assert read_salary(stated)[0] == Salary(
        5_200_000, 6_100_050, "USD", "YEAR", 5_200_000, 6_100_050, "stated", "Great pay!"
    )


@pytest.mark.parametrize(
    ("words", "period"),
    [
        ("Hourly", "HOUR"),
        ("per-year-salary", "YEAR"),
        ("1 MONTH", "MONTH"),
        ("Daily", "DAY"),
        ("WEEK", "WEEK"),
    ],
)
def test_the_period_field_has_many_words(words, period):
    salary, _ = read_salary(Stated(low="1500", high="1500", currency="USD", period=words))

    assert salary.period == period


def test_ends_the_wrong_way_round_are_swapped_with_a_warning():
    salary, code = read_salary(Stated(low="90000", high="70000", currency="EUR"))

    assert (salary.min_minor, salary.max_minor, code) == (7_000_000, 9_000_000, SWAPPED)


def test_a_zero_end_is_no_end():
    salary, code = read_salary(Stated(low="0", high="80000", currency="EUR"))

    assert (salary.min_minor, salary.max_minor, code) == (None, 8_000_000, "")


def test_a_number_nobody_earns_is_not_believed():
    assert read_salary(Stated(low="12", currency="USD", period="YEAR")) == (None, UNREADABLE)


@pytest.mark.parametrize(
    ("text", "low", "high", "period"),
    [
        ("The salary range: $120,000 - $150,000 per year.", 120_000, 150_000, "YEAR"),
        ("Base pay range is $28.50 to $35.00 per hour plus bonus", 28.5, 35, "HOUR"),
        ("Compensation:\nGehalt €50.000 - €60.000", 50_000, 60_000, "YEAR"),
    ],
)
def test_a_description_that_says_the_pay_is_believed(text, low, high, period):
    salary = find_salary(text, local="USD")

    assert (salary.min_minor / 100, salary.max_minor / 100) == (low, high)
    assert (salary.period, salary.source) == (period, "text")


@pytest.mark.parametrize(
    "text",
    [
        "We raised $50M - $60M last year",
        "Pay includes a bonus of $5,000 - $10,000 per year",
        "You manage a budget of $120,000 - $150,000",
        "Competitive salary. Our revenue: $100,000 - $200,000",
        "Salary: $90k",
        "earn 100 - 200 points",
    ],
)
def test_other_money_in_a_description_is_no_salary(text):
    assert find_salary(text, local="USD") is None


@settings(deadline=None)
@given(
    low=st.integers(20_000, 400_000),
    extra=st.integers(0, 100_000),
    mark=st.sampled_from(["$", "£", "€"]),
    between=st.sampled_from([" - ", "-", " – ", " to "]),
)
def test_a_written_range_is_read_back(low, extra, mark, between):
    text = f"{mark}{low:,}{between}{mark}{low + extra:,} per year"

    assert read(text)[:2] == (low, low + extra)


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_whatever_comes_a_salary_is_whole_or_none(text, low, high, period):
    salary, code = read_salary(Stated(text, low, high, "", period))

    assert code in ("", UNREADABLE, SWAPPED)
    if salary:
        assert Salary.from_dict(salary.to_dict()) == salary
        assert salary.period in PER_YEAR
        assert (salary.min_minor or 0) > 0 or (salary.max_minor or 0) > 0
        if salary.min_minor is not None and salary.max_minor is not None:
            assert salary.min_minor <= salary.max_minor
