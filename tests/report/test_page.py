"""The pages in a real browser: both themes, both widths, nothing in the console, nothing fetched, records as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.report.build import audit
from curate.report.compare import compare
from curate.report.page import differing, percent, render, render_comparison, script_json, significant, visible
from tests.helpers import corpus
from tests.report.browser import Browser, chromium

HOSTILE = (
    "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">",
    "# Heading\n**bold** [link](https://example.org) {{ 7*7 }} {% raw %} &lt;b&gt; \x1b[31mred\x07 \u202egnp.exe\u202c \u2028end",
)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some clean records, repeats among them, and hostile ones."""
    path = tmp_path_factory.mktemp("audited") / "records.jsonl"
    pairs = [*corpus(6), (HOSTILE[0], HOSTILE[1]), (HOSTILE[1], HOSTILE[0]), (HOSTILE[0] + " twice", HOSTILE[1])]
    lines = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in pairs]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def pages(records: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    half = folder / "<b>half.jsonl"
    half.write_text("".join(line + "\n" for line in records.read_text().splitlines()[::2]))
    made = {
        "alone": render(audit(records)),
        "against": render(audit(half, records)),
        "compare": render_comparison(compare([records, half])),
    }
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html)
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with Browser() as found:
        yield found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("name", ["alone", "against", "compare"])
def test_page_opens_quietly_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    browser.open(pages[name], width=width, dark=dark)
    assert browser.complaints() == []
    assert browser.requests() == [pages[name].resolve().as_uri()]
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("document.title") != "taken"
    colour = browser.value("getComputedStyle(document.body).backgroundColor")
    light = sum(int(v) for v in re.findall(r"\d+", colour)[:3]) > 384
    assert light is not dark
    # Nothing of a chart is cut off, and every figure has something in it.
    outside = """[...document.querySelectorAll('svg.chart')].flatMap(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(t => {
            const r = t.getBoundingClientRect();
            return r.left < box.left - 1 || r.right > box.right + 1 || r.bottom > box.bottom + 1 || r.top < box.top - 1;
        }).map(t => t.textContent);
    })"""
    assert browser.value(outside) == []
    empty = "[...document.querySelectorAll('svg.chart')].filter(s => !s.querySelector('.set, .line')).length"
    assert browser.value(empty) == 0


def test_the_browser_tells_of_a_fault(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """A planted script, image and style of another hand: the policy refuses each, and the console says so."""
    spoilt = tmp_path / "spoilt.html"
    planted = "<script>document.title='taken'</script><img src='https://example.org/x.png'><p style='color:red'>x</p>"
    spoilt.write_text(pages["alone"].read_text().replace("<main>", f"<main>{planted}"))
    browser.open(spoilt)
    told = " ".join(browser.complaints())
    assert "script" in told
    assert "img-src" in told or "image" in told
    assert browser.value("document.title") != "taken"


def test_records_are_text(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["alone"])
    shown = browser.value("document.body.textContent")
    assert HOSTILE[0] in shown
    assert "[link](https://example.org) {{ 7*7 }} {% raw %} &lt;b&gt;" in shown
    assert "⟨U+001B⟩[31mred⟨U+0007⟩ ⟨U+202E⟩gnp.exe⟨U+202C⟩ ⟨U+2028⟩end" in shown
    main = browser.value("document.querySelectorAll('main script, main img, main b, main a').length")
    assert main == 0


def test_map_tells_by_mouse_and_by_keys(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["against"])
    hint = browser.value("document.getElementById('spot').textContent")
    drawn = """(() => { const c = document.getElementById('map');
        return new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size })()"""
    assert browser.value(drawn) > 5  # marks in both colours, on the ground
    browser.value("document.getElementById('map').focus()")
    for code in ("ArrowRight", "ArrowLeft", "ArrowUp"):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=code, code=code)
        browser.call("Input.dispatchKeyEvent", type="keyUp", key=code, code=code)
    told = browser.value("document.getElementById('spot').textContent")
    texts = [p[3] for p in json.loads(browser.value("document.getElementById('points').textContent"))]
    assert told != hint
    assert told in texts
    browser.value("document.activeElement.blur()")
    browser.value("document.getElementById('map').scrollIntoView({behavior: 'instant', block: 'start'})")
    browser.frames(2)  # where the mouse is, is told of the frame last drawn
    spot = browser.value(f"""(() => {{ const c = document.getElementById('map'), b = c.getBoundingClientRect();
        const all = JSON.parse(document.getElementById('points').textContent);
        const at = all.find(p => p[3] === {json.dumps(told)});
        const far = p => (p[0] - at[0]) ** 2 + (p[1] - at[1]) ** 2;
        const p = all.reduce((a, b) => far(b) > far(a) ? b : a);
        return [b.left + 12 + p[0] / 1000 * (c.clientWidth - 24), b.top + 12 + (1 - p[1] / 1000) * (c.clientHeight - 24)]; }})()""")
    for nudge in range(50):
        # A loaded machine may draw late: the mouse goes on moving, by a pixel, until the page has told of it.
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=spot[0] + nudge % 2, y=spot[1])
        browser.frames(2)
        pointed = browser.value("document.getElementById('spot').textContent")
        if pointed != told:
            break
    assert pointed in set(texts) - {told}


def test_search_hides_what_does_not_match(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["alone"])
    every = browser.value("document.querySelectorAll('.drawn .card').length")
    assert every == 20
    first = browser.value("document.querySelector('.drawn .card h4 code').textContent")
    browser.value("document.getElementById('search').focus()")
    browser.call("Input.insertText", text=first)
    left = "[...document.querySelectorAll('.drawn .card')].filter(c => c.offsetParent).length"
    assert browser.value(left) == 1
    assert browser.value("document.getElementById('found').textContent") == "1 of 20 records"


def test_every_link_of_the_page_leads_somewhere_and_tables_can_be_reached(
    browser: Browser, pages: dict[str, Path]
) -> None:
    for page in pages.values():
        browser.open(page)
        dead = "[...document.querySelectorAll('a')].filter(a => !document.querySelector(a.getAttribute('href'))).length"
        assert browser.value(dead) == 0
        assert browser.value("document.querySelectorAll('a').length") >= 5
        scrolls = (
            "[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0 && e.getAttribute('aria-label'))"
        )
        assert browser.value(scrolls)
        pictures = "[...document.querySelectorAll('svg.chart, canvas')].every(e => e.getAttribute('aria-label'))"
        assert browser.value(pictures)


def test_page_prints(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["against"])
    paper = browser.printed()
    assert paper.startswith(b"%PDF")
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") + paper.count(b"/Type /Page/") >= 2
    assert browser.value("[...document.querySelectorAll('details')].every(d => d.open)")


def test_contrast_is_enough_to_read(browser: Browser, pages: dict[str, Path]) -> None:
    """WCAG 2.1, success criterion 1.4.3: 4.5 to 1 for text on its ground, in both themes."""
    script = """(() => { const s = getComputedStyle(document.documentElement);
        return ['--paper', '--soft', '--ink', '--quiet', '--set', '--good', '--weak', '--mark'].map(n => s.getPropertyValue(n).trim()) })()"""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for dark in (False, True):
        browser.open(pages["alone"], dark=dark)
        paper, soft, *inks, mark = browser.value(script)
        for ground in (paper, soft):
            for ink in inks:
                low, high = sorted((luminance(ground), luminance(ink)))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (dark, ground, ink)
        low, high = sorted((luminance(mark), luminance(inks[0])))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_page_is_one_small_file(pages: dict[str, Path]) -> None:
    for page in pages.values():
        html = page.read_text()
        assert not re.search(
            r"""(?:src|href)="(?!#)""", re.sub(r"<bdi.*?</bdi>|<script.*?</script>", "", html, flags=re.DOTALL)
        )
        assert "default-src &#39;none&#39;" in html
        assert len(html.encode()) < 1_000_000


def test_text_is_made_visible() -> None:
    assert visible("a\tb\nc\r\nd") == "a\tb\nc\nd"
    assert visible("\x00\u200b\ufeff\u202e\U000e0041\x85") == "⟨U+0000⟩⟨U+200B⟩⟨U+FEFF⟩⟨U+202E⟩⟨U+E0041⟩⟨U+0085⟩"
    assert visible("👩‍🚀 میخواهم नमस्ते") == "👩‍🚀 میخواهم नमस्ते"


def test_differences_are_marked_and_escaped() -> None:
    assert differing("name three rivers", "name two rivers") == "name <mark>three</mark> rivers"
    assert differing("a <b> c", "a c") == "a <mark>&lt;b&gt;</mark> c"
    assert re.sub(r"\s+", " ", differing("a c", "a <b> c")).strip() == "a <del>&lt;b&gt;</del> c"
    assert differing("same\x07", "same\x07") == "same⟨U+0007⟩"


def test_data_of_a_script_cannot_end_it() -> None:
    text = "</script><!--\u2028]]>"
    made = script_json([text])
    assert not set(made) & set("<>&\u2028")
    assert json.loads(made) == [text]


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (1234.6, "1,235"), (113.4, "113"), (11.77, "11.8"), (0.5287, "0.529"), (0.04412, "0.0441")],
)
def test_three_digits(value: float, told: str) -> None:
    assert significant(value) == told


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0%"), (1, "100%"), (0.5, "50.0%"), (0.0094, "0.94%"), (0.00001, "<0.01%"), (0.99999, "100.0%")],
)
def test_percentages(share: float, told: str) -> None:
    assert percent(share) == told
