"""Currencies: symbols, exponents, scales and who pays in what."""

from typing import Final

# ISO 4217 minor-unit exponents that are not 2.
_EXPONENTS: Final = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}

CODES: Final = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "CAD",
        "AUD",
        "NZD",
        "SGD",
        "HKD",
        "TWD",
        "MXN",
        "BRL",
        "CHF",
        "NOK",
        "SEK",
        "DKK",
        "ISK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "BGN",
        "RSD",
        "UAH",
        "RUB",
        "TRY",
        "ILS",
        "AED",
        "SAR",
        "QAR",
        "KWD",
        "BHD",
        "OMR",
        "JOD",
        "EGP",
        "MAD",
        "TND",
        "ZAR",
        "NGN",
        "KES",
        "GHS",
        "UGX",
        "TZS",
        "RWF",
        "XAF",
        "XOF",
        "INR",
        "PKR",
        "BDT",
        "LKR",
        "NPR",
        "CNY",
        "RMB",
        "JPY",
        "KRW",
        "THB",
        "VND",
        "IDR",
        "MYR",
        "PHP",
        "ARS",
        "CLP",
        "COP",
        "PEN",
        "UYU",
        "CRC",
        "DOP",
        "GTQ",
        "PYG",
        "BOB",
        "GEL",
        "AMD",
        "KZT",
        "UZS",
        "AZN",
        "BYN",
        "MDL",
        "MKD",
        "ALL",
        "BAM",
        "MOP",
        "XPF",
        "DZD",
        "IQD",
        "LYD",
        "JMD",
        "TTD",
        "MUR",
        "ETB",
        "ZMW",
        "BWP",
        "NAD",
        "MZN",
    ]
)

# Longest first: "US$" is not "S$".
SYMBOLS: Final = {
    "us$": "USD",
    "ca$": "CAD",
    "au$": "AUD",
    "nz$": "NZD",
    "sg$": "SGD",
    "hk$": "HKD",
    "nt$": "TWD",
    "mx$": "MXN",
    "c$": "CAD",
    "a$": "AUD",
    "s$": "SGD",
    "r$": "BRL",
    "$": "",
    "€": "EUR",
    "£": "GBP",
    "¥": "",
    "￥": "",
    "円": "JPY",
    "元": "CNY",
    "₹": "INR",
    "rs.": "INR",
    "rs": "INR",
    "kr.": "",
    "kr": "",
    "zł": "PLN",
    "zl": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "₽": "RUB",
    "₺": "TRY",
    "₩": "KRW",
    "₪": "ILS",
    "฿": "THB",
    "₫": "VND",
    "₴": "UAH",
    "₦": "NGN",
    "₱": "PHP",
    "fr.": "CHF",
    "sfr.": "CHF",
    "rm": "MYR",
    "rp": "IDR",
    "dhs": "AED",
    "euro": "EUR",
    "euros": "EUR",
    "eur": "EUR",
    "dollars": "",
    "pounds": "GBP",
    "rupees": "INR",
    "kroner": "",
    "kronor": "SEK",
    "rmb": "CNY",
    "원": "KRW",
    "lei": "RON",
    "\u0440\u0443\u0431.": "RUB",
    "\u0440\u0443\u0431": "RUB",
    "₸": "KZT",
    "৳": "BDT",
    "₡": "CRC",
    "s/.": "PEN",
}
_SHARED: Final = {
    "$": (
        "USD",
        frozenset(
            [
                "USD",
                "CAD",
                "AUD",
                "NZD",
                "SGD",
                "HKD",
                "TWD",
                "MXN",
                "ARS",
                "CLP",
                "COP",
                "UYU",
                "JMD",
                "TTD",
                "NAD",
            ]
        ),
    ),
    "dollars": ("USD", frozenset(["USD", "CAD", "AUD", "NZD", "SGD", "HKD"])),
    "¥": ("JPY", frozenset(("JPY", "CNY"))),
    "￥": ("JPY", frozenset(("JPY", "CNY"))),
    "kr": ("", frozenset(("NOK", "SEK", "DKK", "ISK"))),
    "kr.": ("DKK", frozenset(("NOK", "SEK", "DKK", "ISK"))),
    "kroner": ("", frozenset(("NOK", "DKK"))),
    "rs": ("INR", frozenset(("INR", "PKR", "LKR", "NPR", "MUR"))),
    "rs.": ("INR", frozenset(("INR", "PKR", "LKR", "NPR", "MUR"))),
}

# About how many units buy what one US dollar buys on a payslip: tells an hour's pay from a year's.
_SCALES: Final = {
    **dict.fromkeys(
        ["NOK", "SEK", "DKK", "CNY", "MXN", "ZAR", "HKD", "MAD", "EGP", "UAH", "MDL"], 10.0
    ),
    **dict.fromkeys(["INR", "THB", "PHP", "TWD", "CZK", "UYU", "DOP"], 20.0),
    **dict.fromkeys(["RUB", "TRY"], 40.0),
    **dict.fromkeys(
        [
            "BDT",
            "PKR",
            "LKR",
            "NPR",
            "JPY",
            "ISK",
            "HUF",
            "RSD",
            "KES",
            "NGN",
            "AMD",
            "JMD",
            "ALL",
            "DZD",
            "ETB",
            "XPF",
        ],
        100.0,
    ),
    **dict.fromkeys(["KRW", "CLP", "ARS", "CRC", "XAF", "XOF", "RWF", "TZS", "KZT", "IQD"], 700.0),
    **dict.fromkeys(["COP", "UGX", "PYG", "MNT"], 3_000.0),
    **dict.fromkeys(["VND", "IDR", "UZS"], 12_000.0),
    "PLN": 3.0,
    "BRL": 3.0,
    "ILS": 3.0,
    "AED": 3.0,
    "SAR": 3.0,
    "MYR": 3.0,
    "RON": 4.0,
}


def exponent(currency: str) -> int:
    """Return how many decimal digits the minor unit has (ISO 4217); 2 when unknown."""
    return _EXPONENTS.get(currency, 2)


def scale(currency: str) -> float:
    """Return about how many units of the currency stand for one US dollar of pay."""
    return _SCALES.get(currency, 1.0)


def currency_of(mark: str, local: str) -> str:
    """Return the ISO code a symbol, word or code stands for; `local` settles a shared symbol."""
    code = mark.strip().upper()
    if code in CODES:
        return "CNY" if code == "RMB" else code
    key = mark.strip().lower()
    if key in _SHARED:
        default, users = _SHARED[key]
        return local if local in users else default
    return "ZAR" if key == "r" else SYMBOLS.get(key, "")


def is_shared(mark: str) -> bool:
    """Say whether several countries write their money with this sign."""
    return mark.strip().lower() in _SHARED


def whole_units(minor: int | None, currency: str) -> int | float | None:
    """Turn minor units into whole ones: 1750 US cents are 17.5; None stays None."""
    if minor is None:
        return None
    unit: int = 10 ** exponent(currency)
    return minor // unit if minor % unit == 0 else minor / unit
