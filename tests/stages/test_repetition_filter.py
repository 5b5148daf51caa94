"""`repetition_filter`: its measures against a brute force in Python, its judgement by planted texts."""

from __future__ import annotations

import json
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.parallel import set_threads
from curate.algorithms.repetition import BRIEF_WORDS, MAX_PERIOD, MEASURES, MIN_COPIES, MIN_SEGMENT_WORDS, measure
from curate.stages.filter.repetition_filter import RepetitionFilter
from tests.conformance import check_screens
from tests.helpers import REAL_DATA, corpus, frame

real = pytest.mark.skipif(not REAL_DATA.is_dir(), reason="real data (../shared/data) is not here")

LETTERS, DIGITS, ALONE, BREAKS = "abéя", "07", "東かไ", " .,\n\u3000。–…"
TOKENS = ["a", "b", "ab", "7", "東", "か", "é's", "b2"]
#: Few different words, so that everything repeats.
TEXTS = st.one_of(
    st.text(st.sampled_from(LETTERS + DIGITS + ALONE + BREAKS + "'"), max_size=40),
    st.lists(st.sampled_from([*TOKENS, "\n", "\n\n", ". "]), max_size=60).map(" ".join),
    st.lists(st.sampled_from(["a b c d", "b a b a 7", "1. a b c d", "東東東東", "x y"]), max_size=12).map("\n".join),
)


def measured(texts: list[str]) -> list[dict[str, float]]:
    data = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, data)], dtype=np.int64)
    out = measure(np.frombuffer(b"".join(data), np.uint8), offsets)
    return [dict(zip(MEASURES, row, strict=True)) for row in out.tolist()]


def words_of(text: str) -> list[tuple[str, int, int]]:
    """Each word with its line and paragraph, by the definitions in words."""
    out: list[tuple[str, int, int]] = []
    paragraph, before_blank = 0, True
    for number, line in enumerate(text.split("\n")):
        if not line.strip() and before_blank is False:
            paragraph, before_blank = paragraph + 1, True
        elif line.strip():
            before_blank = False
        word = ""
        for char in line + " ":
            if char in ALONE:
                out += [(w, number, paragraph) for w in (word, char) if w]
                word = ""
            elif char.isalnum():
                word += char
            elif not (char == "'" and word):
                out += [(word, number, paragraph)] if word else []
                word = ""
            else:
                word += char
    # Apostrophes join the parts of a word and are no characters of it.
    return [(word.replace("'", ""), line, paragraph) for word, line, paragraph in out]


def segments(words: list[tuple[str, int, int]], by: int) -> tuple[int, int, int]:
    """Segments, copies among them, and characters in copies."""
    seen, copies, chars, count = set(), 0, 0, 0
    for _, group in groupby(words, key=lambda w: w[by]):
        body = [w[0] for w in group]
        count += 1
        while body and body[0].isdigit():
            body = body[1:]
        if sum(not w.isdigit() for w in body) < MIN_SEGMENT_WORDS:
            continue
        if tuple(body) in seen:
            copies, chars = copies + 1, chars + len("".join(body))
        seen.add(tuple(body))
    return count, copies, chars


def brute_loops(words: list[str]) -> tuple[tuple[int, int, int], tuple[int, int]]:
    """Every stretch of every period tried; the largest, and the largest at the end."""
    best, tail, tail_chars = (0, 0, 0), (0, 0), 0
    for period in range(1, min(len(words) // MIN_COPIES, MAX_PERIOD) + 1):
        for start in range(len(words)):
            end = start + period
            if (
                start
                and end - 1 < len(words)
                and start - 1 + period < len(words)
                and words[start - 1] == words[start - 1 + period]
            ):
                continue  # not the beginning of the stretch
            while end < len(words) and words[end] == words[end - period]:
                end += 1
            unit = words[start : start + period]
            if end - start < MIN_COPIES * period or all(w.isdigit() for w in unit):
                continue
            chars = len("".join(words[start + period : end]))
            if chars > best[2]:
                best = ((end - start) // period, period, chars)
            if chars > tail_chars and len(words) - end < period:
                tail, tail_chars = ((end - start) // period, period), chars
    return best, tail


def brute(text: str) -> dict[str, float]:
    """All measures, quadratically."""
    tagged = words_of(text)
    words = [w for w, _, _ in tagged]
    size = len("".join(words))
    out = dict.fromkeys(MEASURES, 0.0)
    if not words:
        return out
    out["words"] = len(words)
    out["unspaced"] = sum(w in ALONE for w in words) / size
    for name, by in (("line", 1), ("paragraph", 2)):
        count, copies, chars = segments(tagged, by)
        out[f"{name}_fraction"], out[f"{name}_char_fraction"] = copies / count, chars / size
        if name == "line":
            out["lines"] = count
    (out["loop_copies"], out["loop_period"], chars), (out["tail_copies"], out["tail_period"]) = brute_loops(words)
    out["loop_fraction"] = chars / size
    for n in range(2, 11):
        grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        if n < 5:
            shares = [
                len("".join(words[j] for j in {i + k for i, g in enumerate(grams) if g == gram for k in range(n)}))
                for gram in set(grams)
                if grams.count(gram) > 1
            ]
            out[f"top_{n}"] = max(shares, default=0) / size
        else:
            again = {i + k for i, gram in enumerate(grams) if gram in grams[:i] for k in range(n)}
            out[f"dup_{n}"] = len("".join(words[j] for j in again)) / size
    return out


@given(st.lists(TEXTS, min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_measures_agree_with_brute_force(texts: list[str]) -> None:
    for text, got in zip(texts, measured(texts), strict=True):
        assert got == pytest.approx(brute(text)), text


def test_measures_do_not_depend_on_threads_or_neighbours() -> None:
    texts = ["a b c d e " * n + "x" * n for n in range(12)] + ["", "東京" * 9]
    set_threads(1)
    alone = [measured([text])[0] for text in texts]
    try:
        for count in (1, 2, 5):
            set_threads(count)
            assert measured(texts) == alone
    finally:
        set_threads(None)


SENTENCE = "The heron stands in the shallow water and waits for the fish. "
ESSAY = (
    "A good compost heap needs air, water and patience. Start with twigs at the bottom so that it can breathe. "
    "Add kitchen scraps and dry leaves by turns, a hand high each. Turn the whole thing over once a month; "
    "when it smells sour, it is too wet, and straw will help. After a summer the lower part is dark, crumbles "
    "between the fingers and smells of forest soil. Sieve it, spread it thinly, and let the worms do the rest. "
)
LOOPS = [
    "the the the the",
    "no no no no no no no no",
    SENTENCE * 10,
    ESSAY + SENTENCE * 3,
    ESSAY + "and then they went back and then they went back and then they went back and then they went",
    "Yes. " * 40,
    ESSAY + "Thank you. Thank you. Thank you. Thank you.",
    "I like tea very much indeed. I like tea very much indeed. I like tea very much indeed.",
    "- buy some fresh bread\n- buy some fresh bread\n- buy some fresh bread\n- buy some fresh bread",
    "ありがとうございます。" * 8,
    "Это очень важный вопрос. " * 5,
    "هذا سؤال مهم جدا. " * 6,
    "यह बहुत अच्छा सवाल है। " * 6,
    "One two three four.\nOne two three four.\nOne two three four.",
    ESSAY + "It is what it is, " * 4,
]
FRAGMENTS = [
    "the river bends twice before the old mill", "nobody had seen the keeper since the storm", "a lamp burned in the upper window",
    "we carried the boat across the sand", "her letters were kept in a tin box", "the train was late as on every friday",
]  # fmt: skip
SHUFFLED = ". ".join(FRAGMENTS[i % 6] if i % 7 else FRAGMENTS[(i * 5) % 6] for i in range(24))
PHRASES = [
    " ".join(f"In the end of the day it was the {word} that counted for all of us there." for word in
             ("bread", "rain", "train", "song", "letter", "garden", "winter", "harbour")),
    SHUFFLED,
    ESSAY * 2,
    ESSAY + "Then again. " + ESSAY + "And so on. " + ESSAY,
    " ".join(f"Number {n} is a good number because number {n} is a good number to have." for n in range(12)),
]  # fmt: skip
CHORUS = "O haul the line and sing, my dear,\nThe tide is on the turn,\nWe drink tonight, we sail the year,\nAnd home we shall return."
STANZAS = [
    "The boats go out at break of day,\nTheir lanterns burning low,\nAnd one by one they slip away\nTo where the herring go.",
    "The nets are full, the gulls are loud,\nThe skipper lights his pipe,\nThe east is one long purple cloud,\nThe sun is overripe.",
    "The harbour lights come up at last,\nThe bell begins to chime,\nA child is climbing up the mast\nTo see us home in time.",
]
VERSE = "\n\n".join(part for stanza in STANZAS for part in (stanza, CHORUS))
FINE = [
    "Yes",
    "",
    "...",
    "No, no, no!",
    "It was very, very, very cold.",
    "Ha ha ha, that was a good one.",
    ESSAY,
    VERSE,
    "Row, row, row your boat, gently down the stream.",
    "```python\n" + "print('hello there my old friend')\n" * 10 + "```",
    "total = 0\n" + "total = total + step\nprint(total)\n" * 6,
    "<table>\n" + "<tr>\n<td>Row one</td>\n<td>Row one</td>\n</tr>\n" * 4 + "</table>",
    "| day | sun | rain |\n| --- | --- | --- |\n" + "\n".join(f"| day {d} | some sun | no rain |" for d in range(1, 15)),
    "\n".join(f"{n}. Rest for half a minute, then do ten more of {what}." for n, what in enumerate(
        ("squats", "lunges", "planks", "jumps", "rolls", "steps", "pulls", "swings"), 1)),
    "True\nFalse\nTrue\nTrue\nFalse\nTrue\nTrue\nTrue\nFalse\nTrue\nTrue\nTrue",
    "0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1",
    "春はあけぼの。やうやう白くなりゆく山ぎは、すこしあかりて、紫だちたる雲のほそくたなびきたる。",
    "قهوة الصباح تحتاج إلى ماء ساخن وبن طازج وبعض الصبر قبل أن تقدم للضيوف.",
    "सुबह की चाय के लिए दूध, पानी, चीनी और थोड़ी अदरक चाहिए।",
    "Butter: no\nEggs: no\nTofu: yes\nKale: yes\nHam: no\nRice: yes\nCream: no\nBeans: yes",
    "1 + 1 = 2\n1 + 2 = 3\n1 + 3 = 4\n1 + 4 = 5\n1 + 5 = 6",
]  # fmt: skip


def reasons(answers: list[str], stage: RepetitionFilter | None = None) -> list[str | None]:
    return (stage or RepetitionFilter()).apply(frame([("q", a) for a in answers]))["reason"].to_list()


@pytest.mark.parametrize("answer", LOOPS)
def test_loops(answer: str) -> None:
    assert reasons([answer]) == ["loop"]


@pytest.mark.parametrize("answer", PHRASES)
def test_repeated_phrases(answer: str) -> None:
    assert reasons([answer])[0] in {"duplicate_ngrams", "frequent_ngram"}


@pytest.mark.parametrize("answer", FINE)
def test_forms_that_repeat_are_fine(answer: str) -> None:
    assert reasons([answer]) == [None]


def test_lines_and_paragraphs_are_named() -> None:
    lines = [f"{n}. The {w} is kept in the cellar of the house by the sea." for n, w in enumerate(["wine", "coal"] * 9)]
    answer = "\n".join(lines)
    # A loop of two lines is a loop first; in another order it is lines that were there before.
    assert reasons([answer])[0] is not None
    mixed = [lines[i] for i in (0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1)]
    verdict = RepetitionFilter().apply(frame([("q", "\n".join(mixed))])).row(0, named=True)
    assert "duplicate_lines" in [verdict["reason"], *verdict["also"]]
    parts = ["\n\n".join([ESSAY, SENTENCE * 2 + "So it goes.", ESSAY, "A new day. " + SENTENCE, ESSAY, ESSAY.upper()])]
    verdict = RepetitionFilter().apply(frame([("q", parts[0])])).row(0, named=True)
    assert "duplicate_paragraphs" in [verdict["reason"], *verdict["also"]]


def test_thresholds_flip_at_the_share() -> None:
    body = ESSAY + SENTENCE + "Nobody moves. " + SENTENCE
    share = brute(body.lower())["dup_10"]
    assert 0 < share < 0.3
    # Gopher's threshold for 10-grams is 0.10; the larger ones are further away from this share.
    at = share / 0.10
    assert reasons([body], RepetitionFilter(slack=at * 1.001)) == [None]
    assert reasons([body], RepetitionFilter(slack=at * 0.999)) == ["duplicate_ngrams"]


def test_short_answers_are_only_searched_for_loops() -> None:
    answer = SENTENCE + "Look! " + SENTENCE
    count = int(brute(answer.lower())["words"])
    assert reasons([answer], RepetitionFilter(min_words=count)) == ["frequent_ngram"]
    assert reasons([answer], RepetitionFilter(min_words=count + 1)) == [None]


def test_loops_flip_at_their_words() -> None:
    answer = ESSAY + "so they went on " * 3 + "to the end of the road and never came back."
    assert reasons([answer], RepetitionFilter(min_loop_words=12)) == ["loop"]
    assert reasons([answer], RepetitionFilter(min_loop_words=13)) == [None]


def test_the_value_names_the_measure() -> None:
    verdict = RepetitionFilter().apply(frame([("q", SENTENCE * 10), ("q", PHRASES[0])]))
    assert verdict["value"][0] == "10 x 12 words"
    assert " > " in verdict["value"][1]


def test_one_pass_serves_all_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    import curate.algorithms.repetition as kernel

    calls = []
    plain = kernel.measure_texts
    monkeypatch.setattr(kernel, "measure_texts", lambda *args: calls.append(1) or plain(*args))
    reasons(LOOPS)
    assert calls == [1]


def test_in_brief_what_is_taken_is_the_same() -> None:
    data = [text.lower().encode() for text in [*LOOPS, *PHRASES, *FINE, "", "one"]]
    offsets = np.cumsum([0, *map(len, data)])
    buffer = np.frombuffer(b"".join(data), np.uint8)
    kept = {"words", "unspaced", *(f"{which}_{what}" for which in ("loop", "tail") for what in ("copies", "period"))}
    taken = [name in {*kept, "loop_fraction", f"dup_{BRIEF_WORDS}"} for name in MEASURES]
    full, brief = measure(buffer, offsets), measure(buffer, offsets, brief=True)
    assert (brief[:, taken] == full[:, taken]).all()
    assert full[:, taken].any(axis=0).all()
    assert not brief[:, np.logical_not(taken)].any()


def test_screens_hide_no_repetition() -> None:
    rows = frame([("q", text) for text in [*LOOPS, *PHRASES, *FINE]])
    check_screens(RepetitionFilter(), rows)
    check_screens(RepetitionFilter(min_words=3, slack=0.5, structured_floor=0.1, max_loop_fraction=0.0), rows)


def test_a_clean_corpus_stays() -> None:
    assert RepetitionFilter().apply(frame(corpus(1)))["keep"].all()


def test_no_rows() -> None:
    assert RepetitionFilter().apply(frame([])).height == 0


@real
def test_hand_picked_answers_stay() -> None:
    records = [json.loads(line) for line in (REAL_DATA / "truth/lima_train.jsonl").read_text("utf-8").splitlines()]
    assert (~RepetitionFilter().apply(frame([("q", r["output"]) for r in records]))["keep"]).sum() <= 3


@real
def test_planted_loops_are_found_and_their_originals_stay() -> None:
    pairs = pl.read_parquet(REAL_DATA / "truth/damage.parquet").filter(pl.col("kind") == "repeat_last_x3")
    good, bad = (RepetitionFilter().apply(frame([("q", a) for a in pairs[side]])) for side in ("good", "bad"))
    assert (~bad["keep"]).mean() >= 0.97  # type: ignore[operator]
    assert (~good["keep"]).mean() <= 0.01  # type: ignore[operator]


def test_a_frame_in_chunks_of_which_one_is_left_empty() -> None:
    clean = pl.DataFrame(
        {"row": [0], "response": ["A lake is deep and cold in winter."]}, schema_overrides={"row": pl.UInt64}
    )
    loop = pl.DataFrame(
        {"row": [1], "response": ["row the boat to town and back " * 40]}, schema_overrides={"row": pl.UInt64}
    )
    frame = pl.concat([clean, loop], rechunk=False)
    assert frame["response"].n_chunks() == 2
    assert RepetitionFilter().apply(frame)["keep"].to_list() == [True, False]
