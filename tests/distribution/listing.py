"""Companies whose jobs are on their own board, and texts that no feed may break on."""

from datetime import UTC, datetime

from tests.distribution.make import make_posting

POSTED = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
#: what people paste into titles and descriptions, and what they try
HOSTILE = (
    "a ]]> b",
    "a ]\x01]> b",
    "]]]]>>",
    "<![CDATA[x]]>",
    "\x00"[:0] + "bell \x07 and \x0b tab",
    "\ufffe\uffff",
    "</title></job></source>",
    "<script>alert(1)</script>",
    "&amp; &lt;b&gt; & < >",
    "\"quoted\" 'so'",
    "Ærlig Øystein Åse, Ωμέγα, 日本語, 😀, ﷽",
    "\u202edrow\u2028line\u2029",
    "{{ 7*7 }} ${x} %(y)s %s",
    "\r\nmixed\rends\n",
    "x" * 3000,
    "&#0; &#xFFFF; &nbsp; &bogus;",
)


def make_listed(company, **overrides):
    """Make a job that is on its company's own board."""
    fields = {"on_board": True, "posted_at": POSTED, "salary_source": "stated"} | overrides
    return make_posting(company, **fields)
