"""`damage` as a whole: silent on clean odd examples, higher for what was broken, the same whatever stands beside."""

from __future__ import annotations

# texts stand as they are read
# ruff: noqa: ISC004
import sys

import polars as pl
import pytest

from curate.stages.annotate.damage import Damage
from curate.stages.filter.damage_filter import DamageFilter
from tests.helpers import ROOT, frame, run_stage

sys.path.append(str(ROOT / "tools"))
from clean_odd import Odd, examples

HAND = (
    ("Why does bread go stale faster in the fridge?",
     "Staling is mostly not about drying out. As the loaf ages, the starch lines up again and squeezes water out of the "
     "crumb. This runs fastest a few degrees above freezing, which is where a fridge sits. Keep bread in a box, or freeze it."),
    ("How do I keep a bicycle chain clean?",
     "Wipe the chain with a dry rag after every wet ride. Once a month, brush it with a little degreaser, rinse it, and let "
     "it dry. Then put one drop of oil on each link and wipe off what stays outside."),
    ("Describe the job of a lighthouse keeper.",
     "A keeper trims the lamp, winds the clockwork and writes the weather into the log. At night he watches for ships in "
     "trouble; by day he paints, mends and polishes. Supplies come by boat, when the sea allows it."),
)  # fmt: skip
#: Ways to break an answer that no gate knows, and the signal that should show each.
BROKEN = {
    "shouted": (str.upper, "all_capitals"),
    "small": (str.lower, "no_capitals"),
    "doubled": (lambda text: " ".join(word + " " + word for word in text.split()), "doubled_words"),
    "escaped": (lambda text: text.replace(". ", ".\\n").replace(",", "\\u002c"), "escapes"),
    "joined": (lambda text: text.replace(" ", "", 60), "overlong_words"),
    "spaced": (" ".join, "spaced_letters"),
    "filled": (lambda text: text + " It is important to note that it depends on many factors. Everyone is different. "
               "I hope this helps! Let me know if you have any questions.", "filler"),
    "backwards": (lambda text: " ".join(reversed(text.split())), "disorder"),
    "colon": (lambda text: text.split(".")[0] + ":", "ends_in_colon"),
}  # fmt: skip


def judged(pairs: list[tuple[str, str]]) -> pl.DataFrame:
    rows = frame(pairs)
    return rows.join(Damage().apply(rows), on="row", maintain_order="left")


@pytest.fixture(scope="module")
def odd() -> list[Odd]:
    return examples()


def test_the_odd_set_is_large_varied_and_without_repeats(odd: list[Odd]) -> None:
    assert len(odd) >= 500
    assert len({(one.instruction, one.response) for one in odd}) == len(odd)
    assert len({one.category for one in odd}) >= 12


def test_at_most_one_in_a_hundred_clean_odd_examples_is_dropped(odd: list[Odd]) -> None:
    kept = DamageFilter().apply(judged([(one.instruction, one.response) for one in odd]))["keep"]
    dropped = [one.instruction for one, stays in zip(odd, kept, strict=True) if not stays]
    assert len(dropped) <= len(odd) // 100, dropped


def test_sound_answers_score_below_the_same_answers_broken() -> None:
    sound = judged(list(HAND))["damage"].to_list()
    assert max(sound) < 0.2
    broken = judged([(asked, change(text)) for change, _ in BROKEN.values() for asked, text in HAND])
    for (name, (_, sign)), part in zip(BROKEN.items(), broken.iter_slices(len(HAND)), strict=True):
        for before, after, signs in zip(sound, part["damage"], part["damage_signs"], strict=True):
            assert after > before, name
            assert sign in {one["sign"] for one in signs} or "word_salad" in {one["sign"] for one in signs}, (
                name,
                signs,
            )


def test_another_questions_answer_scores_higher_than_the_right_one() -> None:
    asked, given = zip(*HAND, strict=True)
    right = judged(list(HAND))["damage"].to_list()
    wrong = judged(list(zip(asked, (*given[1:], given[0]), strict=True)))
    assert all(b > a for a, b in zip(right, wrong["damage"], strict=True))
    assert all("unlike_request" in {one["sign"] for one in signs} for signs in wrong["damage_signs"])


def test_what_was_asked_for_is_no_sign() -> None:
    shout = "THE FERRY TO THE NORTHERN ISLAND HAS BEEN CANCELLED BECAUSE OF THE STORM"
    plain, asked = judged([("Is there a ferry today?", shout), ("Write in capital letters: is there a ferry?", shout)])[
        "damage"
    ]
    assert plain > asked


def test_gates_and_signals_are_named_with_their_evidence() -> None:
    row = judged(
        [("Tell me about the town.", "The town is old. It has a mill, a school and a long wooden pier where the")]
    )
    first = row["damage_signs"][0][0]
    assert first["sign"] == "truncated"
    assert first["evidence"].endswith("pier where the")
    assert row["damage"][0] > 0.9
    weights = [one["weight"] for one in row["damage_signs"][0]]
    assert weights == sorted(weights, reverse=True)


def test_rows_do_not_depend_on_their_neighbours(odd: list[Odd]) -> None:
    rows = frame([(one.instruction, one.response) for one in odd[::7]])
    whole = run_stage(Damage(), rows)
    assert run_stage(Damage(), rows, 5).equals(whole)
    back = run_stage(Damage(), rows.reverse().with_columns(rows["row"])).drop("row").reverse()
    assert back.equals(whole.drop("row"))


def test_a_request_that_is_there_many_times_counts_as_it_does_once(odd: list[Odd]) -> None:
    asked = [one.instruction for one in odd[:60:20]]
    pairs = [(instruction, one.response) for one in odd[::40] for instruction in asked]
    once = [row for pair in pairs for row in judged([pair]).select("damage", "damage_signs").rows()]
    assert judged(pairs).select("damage", "damage_signs").rows() == once
