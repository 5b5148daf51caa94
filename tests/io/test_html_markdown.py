"""HTML to Markdown: case by case, and no word lost or changed in any tree."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.io.formats.html_markdown import MAX_DEPTH, check_html, to_markdown
from curate.io.model import RecordError

CASES = [
    ("<p>One.</p>\n\n<p>Two.</p>\n", "One.\n\nTwo."),
    ("<p>hard\nwrapped   text</p>", "hard wrapped text"),
    ("<p>a line<br>\nthe next <br/> last</p>", "a line\nthe next\nlast"),
    ("<h2>Head</h2><p>x</p>", "## Head\n\nx"),
    ("<p>a <strong>b</strong> <em>c</em> <strike>d</strike></p>", "a **b** *c* ~~d~~"),
    ('<p>see <a href="http://a.example/x_y">the page</a>, please</p>', "see the page, please"),
    ('<p><a href="http://a.example">http://a.example</a></p>', "http://a.example"),
    ('<p>look <img src="x.png" alt="enter image description here"> here</p>', "look here"),
    ('<p><a href="x"><img src="x"></a></p><p>b</p>', "b"),
    ("<ul><li>one</li><li>two<ul><li>in</li></ul></li></ul>", "- one\n- two\n  - in"),
    ('<ol start="9"><li>a</li><li>b</li></ol>', "9. a\n10. b"),
    ("<ol>\n<li><p>a</p></li>\n<li><p>b</p><p>c</p></li>\n</ol>", "1. a\n2. b\n\n   c"),
    ("<blockquote>\n  <p>said</p>\n</blockquote>\n<p>done</p>", "> said\n\ndone"),
    ("<p>Use <code>a_b*c</code> and snake_case * 2</p>", "Use `a_b*c` and snake_case * 2"),
    ("<p><code>a ` b</code></p>", "`` a ` b ``"),
    ("<pre><code>if a &lt; b:\n    x  =  1\n\n\n    y\n</code></pre>", "```\nif a < b:\n    x  =  1\n\n\n    y\n```"),
    ('<pre class="lang-py prettyprint-override"><code>x\n</code></pre>', "```py\nx\n```"),
    ('<pre><code class="language-c++">x</code></pre>', "```c++\nx\n```"),
    ("<pre><code>```\nx\n```\n</code></pre>", "````\n```\nx\n```\n````"),
    ("<ul><li>do<pre><code>a\n  b\n</code></pre></li></ul>", "- do\n\n  ```\n  a\n    b\n  ```"),
    ("<p>10<sup>5</sup> x<sup>n+1</sup> H<sub>2</sub>O e<sup>-x</sup></p>", "10^5 x^(n+1) H_2O e^-x"),
    ("<p><sub>an aside, set small</sub></p>", "an aside, set small"),
    ("<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
    ("<p>press <kbd>Ctrl</kbd></p>", "press `Ctrl`"),
    ("<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
     "| a | b |\n| --- | --- |\n| 1 | 2 |"),
    # Decoded once, and nothing that an author wrote is taken for a tag.
    ("<p>&lt;b&gt; &amp;lt; &amp;amp; &eacute; &#39;x&#39;</p>", "<b> &lt; &amp; é 'x'"),
    ("AT&amp;T & Co &foo; 3 < 4 > 2", "AT&T & Co &foo; 3 < 4 > 2"),
    ("<p>a <!-- language: x <b> --> b</p>", "a b"),
    ("<p>no end <!-- of it</p>", "no end <!-- of it"),
    # What is not known loses its tags alone.
    ('<p><span class="x">a</span> <custom-tag>b</custom-tag> <script>c()</script></p>', "a b c()"),
    # Open and stray tags.
    ("<p>a <b>b", "a **b**"),
    ("a</b></p> b", "a b"),
    ('<p title="1 > 0">a</p>', "a"),
    ("<p", "<p"),
    ("", ""),
    ("  plain\n text ", "plain text"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_case(source: str, expected: str) -> None:
    assert to_markdown(source).text == expected


def test_links_and_images_are_counted() -> None:
    made = to_markdown('<p><a href="a">b</a> <a name="c"></a><img src="x"><IMG></p>')
    assert (made.links, made.images) == (2, 2)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=80))
@settings(max_examples=300, deadline=None)
def test_plain_text_comes_back(text: str) -> None:
    expected = re.sub(r"[ \t\r\n\f]+", " ", text).strip()
    # Null and the C1 controls have other meanings as references only; as characters they stay.
    assert to_markdown(f"<p>{html.escape(text)}</p>").text.strip() == expected


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
@settings(max_examples=200, deadline=None)
def test_code_comes_back(code: str) -> None:
    if not code.strip():
        return
    lines = to_markdown(f"<p>x</p><pre><code>a\n{html.escape(code)}\n</code></pre>").text.split("\n")
    assert lines[0] == "x"
    assert lines[2] == lines[-1]
    assert set(lines[2]) == {"`"}
    assert lines[2] not in code
    assert "\n".join(lines[3:-1]) == f"a\n{code}"


INLINE = ["b", "strong", "em", "i", "a", "code", "span", "s", "kbd", "del", "u"]
BLOCK = [
    "p",
    "div",
    "ul",
    "ol",
    "li",
    "blockquote",
    "h1",
    "h3",
    "pre",
    "table",
    "tr",
    "td",
    "dl",
    "dt",
    "dd",
    "section",
]


@st.composite
def trees(draw: st.DrawFn) -> str:
    """HTML of any nesting, with numbered words."""
    count = iter(range(10_000))

    def tree(depth: int) -> str:
        out = []
        for _ in range(draw(st.integers(1, 4))):
            if depth == 0 or draw(st.booleans()):
                out.append(f" w{next(count)} ")
            else:
                name = draw(st.sampled_from(INLINE + BLOCK))
                closing = "" if draw(st.integers(0, 9)) == 0 else f"</{name}>"
                out.append(f"<{name}>{tree(depth - 1)}{closing}")
        return draw(st.sampled_from(["", "\n", " "])).join(out)

    return tree(4)


@given(trees())
@settings(max_examples=200, deadline=None)
def test_no_word_is_lost_moved_or_doubled(source: str) -> None:
    found = to_markdown(source).text
    assert re.findall(r"w\d+", found) == re.findall(r"w\d+", source)
    assert not re.search(r"</?[a-z]", found), "a tag is left"


@given(st.text(st.sampled_from(list("<>/&;!-=\"' ab#1pre")), max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_soup_is_read_without_losing_letters(soup: str) -> None:
    # No comment can close in it and no image: every letter outside of tags stays.
    if "-->" in soup:
        return
    text = to_markdown(soup).text
    outside = re.sub(r"""</?[A-Za-z][A-Za-z0-9:-]*(?:[^<>"']|"[^"<]*"|'[^'<]*')*>""", "", soup)
    letters = re.sub(r"[^ab1]", "", html.unescape(outside))
    assert re.sub(r"[^ab1]", "", text).replace("1", "").startswith(letters.replace("1", "")[:0])
    for letter in "ab":
        assert text.count(letter) == letters.count(letter)


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> str:
        return "<div>" * depth + "x" + "</div>" * depth

    check_html(nested(MAX_DEPTH))
    assert to_markdown(nested(MAX_DEPTH)).text == "x"
    for deep in (nested(MAX_DEPTH + 1), "<b>" * 100_000, "<p><ul><li>" * 50_000):
        with pytest.raises(RecordError) as caught:
            check_html(deep)
        assert caught.value.reason == "too_deep"


@pytest.mark.parametrize(
    "bait",
    ["<a ", "<a b='", "<!--", "<", "&", "&lt", "</b>", "<br>", "<img>", "<b></b>", "<li>x</li>", "<p>a</p>", "`", "* ",
     "<ol></ol>", "<tr><td>x</td></tr>", "<b ", "'\"<", " \n", "<x>"],
)  # fmt: skip
def test_bait_is_read(bait: str) -> None:
    # 20,000 of them end here in seconds, or not at all where time is quadratic.
    to_markdown("<div>" + bait * 20_000)
    to_markdown(("<ol>" + bait * 2_000 + "</ol>") * 4)
