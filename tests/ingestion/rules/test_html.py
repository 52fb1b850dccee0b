import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.html import MAX_DESCRIPTION, paragraphs, plain_text, read_description, sanitise

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><circle/></svg>",
    "<iframe src='https://example.com'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<style>p{color:red}</style>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "<form action='https://example.com'><input name=a></form>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<p onclick=alert(1) id=a class=b>x</p>",
    "<<script>script>alert(1)<</script>/script>",
    "<object data='x'></object><embed src='x'>",
    "<base href='https://example.com/'><meta http-equiv=refresh content='0;url=x'>",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("shape", ["html", "escaped_html", "text"])
def test_nothing_dangerous_survives(attack, shape):
    given_text = attack.replace("<", "&lt;") if shape == "escaped_html" else attack
    markup, _ = read_description(f"Hello {given_text} world", shape=shape)

    low = markup.lower()
    for tag in (
        "script",
        "img",
        "svg",
        "iframe",
        "style",
        "form",
        "input",
        "object",
        "base",
        "meta",
    ):
        assert f"<{tag}" not in low
    if shape != "text":
        assert "javascript:" not in low
        assert "onclick" not in low


def test_allowed_tags_stay_and_links_are_marked():
    markup, text = read_description(
        '<h2>Duties</h2><ul><li><b>Bake</b></li></ul><a href="https://example.com/x">More</a>',
        shape="html",
    )

    assert "<h2>Duties</h2><ul><li><b>Bake</b></li></ul>" in markup
    assert 'rel="nofollow noopener noreferrer"' in markup
    assert text == "Duties\n- Bake\nMore"


def test_escaped_html_is_unescaped_once_and_noticed_by_itself():
    once = "&lt;p&gt;Fish &amp;amp; chips&lt;/p&gt;"

    assert read_description(once, shape="escaped_html") == (
        "<p>Fish &amp; chips</p>",
        "Fish & chips",
    )
    assert read_description(once, shape="html") == ("<p>Fish &amp; chips</p>", "Fish & chips")


def test_plain_text_becomes_paragraphs_and_lists():
    text = "We bake bread.\nEvery day.\n\nYou:\n- knead\n• bake\n\n1 < 2 & 3"

    assert paragraphs(text) == (
        "<p>We bake bread.<br>Every day.</p><p>You:</p><ul><li>knead</li><li>bake</li></ul>"
        "<p>1 &lt; 2 &amp; 3</p>"
    )


def test_blocks_part_words_and_inline_tags_do_not():
    assert (
        plain_text(sanitise("<div>one</div><div>t<b>w</b>o</div>three<br>four"))
        == "one\ntwo\nthree\nfour"
    )


def test_control_characters_go_and_length_is_capped():
    markup, text = read_description("a\x00b\x0bc" + "d" * (MAX_DESCRIPTION + 10), shape="text")

    assert text.startswith("abc")
    assert len(markup) <= MAX_DESCRIPTION


@pytest.mark.parametrize("text", ["", "   ", "<p></p>", "<script>x</script>", "&nbsp;"])
def test_an_empty_description_is_empty(text):
    assert read_description(text, shape="html")[1] == ""


@settings(deadline=None)
@given(st.text(alphabet="<>/&;abpil\"'= \n-\x00", max_size=200))
def test_sanitising_twice_changes_nothing(text):
    markup, _ = read_description(text, shape="html")

    assert sanitise(markup) == markup


def test_entities_of_a_plain_text_are_read_and_make_no_tags():
    markup, text = read_description("R&amp;D work&nbsp;here &lt;b&gt;now&lt;/b&gt;", shape="text")
    assert text.replace("\u00a0", " ") == "R&D work here <b>now</b>"
    assert markup.replace("\u00a0", " ") == "<p>R&amp;D work here &lt;b&gt;now&lt;/b&gt;</p>"
