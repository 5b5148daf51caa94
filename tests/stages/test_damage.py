"""The gates of `damage`: planted damage of each kind, and the sound texts that look like it."""

from __future__ import annotations

import functools
import json
from random import Random

import polars as pl
import pytest

from curate.stages.annotate.damage import Damage
from curate.stages.filter.damage_filter import DamageFilter
from tests.helpers import REAL_DATA, corpus, frame

real = pytest.mark.skipif(not REAL_DATA.is_dir(), reason="real data (../shared/data) is not here")

ASK = "Tell me about the town by the lake."
PROSE = "The town lies on the north shore. It has two mills, a school and a long wooden pier"
EMPTY = [
    "",
    " ",
    "\n\n",
    "\t \r\n",
    "\u200b",
    "\ufeff",
    "\u00a0\u3000",
    "\u200d\u200c",
    "\u2060 ",
    "\u00ad",
    "\x00\x1f",
    "\u2800",
    "\ufe0f",
]

SHORT = ["?", "Hi", "湖", "1", ".", "🙂", "π", "-", "ok", "e\u0301", "٣", "²"]

PLACEHOLDERS = [
    "<noinput>", "<nooutput>", "< no output >", "N/A", "n/a.", "NA", "TODO", "tbd", "...", "[deleted]", "null", "NaN", "---",
    "No output", "Not applicable.", "<NoInput>\n\nThe lake is deep.",
    "Lorem ipsum dolor sit amet, consectetur.", "The town is called [insert name here] and is old.", "[Your answer here]",
    "Dear <insert name>, the lake is deep.",
    "<your answer>", "[placeholder]", "{{answer}}", "{{ model output }}", '"[the translation]"', "<response text>", "{your summary here}",
    "TODO: describe the town", "TODO write this part", "TBD: ask Mira", "FIXME - needs a source", "[TODO: add the text]",
    "Answer to be provided.", "The summary will be added later.", "Text goes here", "Response to come. TODO",
]  # fmt: skip
TEMPLATES = [
    "The lake is deep.<|im_end|>", "<|im_start|>assistant\nThe lake is deep.", "The lake is deep.<|endoftext|>", "[INST] Hi [/INST] Hello.",
    "<<SYS>> Be kind. <</SYS>> Hello.", "The lake is deep.</s>", "<s>The lake is deep.", "### Response:\nThe lake is deep.",
    "It is deep.\n\n### Instruction:\nName a fish.", "<|start_header_id|>assistant<|end_header_id|>\n\nIt is deep.", "It is deep.<|eot_id|>",
    "<start_of_turn>model\nIt is deep.<end_of_turn>", "<|user|>\nHow deep?\n<|assistant|>\nVery.", "It is deep. ### Human: ok\n### Human: And now?",
]  # fmt: skip
GARBLED = "Müller trägt süße Äpfel für den Café-Gast, naïve Gäste zahlen fünf £ — “später”, 20 °C."
MOJIBAKE = [
    GARBLED.encode().decode("latin-1"),
    GARBLED.encode().decode("cp1252", errors="replace"),
    "Ça va très bien".encode().decode("latin-1"),
    "It’s deep".encode().decode("cp1252"),
    "deep — very".encode().decode("cp1252", errors="ignore"),
    "Привет, озеро".encode().decode("latin-1"),
    "湖はとても深い".encode().decode("latin-1"),
    "السماء زرقاء".encode().decode("latin-1"),
    "The lake is 20 °C warm".encode().decode("latin-1"),
    "It costs £5".encode().decode("cp1252"),
    "niño y año".encode().decode("latin-1"),
    "The caf\ufffd is open.",
    "\ufffd\ufffd\ufffd",
    "🙂 yes".encode().decode("cp1252", errors="ignore"),
]
CUT = [
    PROSE,
    PROSE + " that was built",
    "First comes the salt. Then comes the flour, which is sifted twice and",
    "The lake was formed when the ice withdrew and left behind a wall of",
    "The boats leave in the morning and come back in the evening with the",
    "1. Heat the oven well before. 2. Grease the tin with some butter. 3. Stir the flour into the",
    "Der See liegt im Norden. Er ist tief und kalt, und im Winter friert er bis auf die",
    "Le lac est au nord. Il est profond et froid, et en hiver il gèle jusqu'au fond avec",
    "El lago está en el norte. Es profundo y frío, y en invierno se hiela hasta la orilla con",
    "Озеро лежит на севере. Оно глубокое и холодное, и зимой оно замерзает до самого",
    "Here is the code:\n\n```python\ndef depth(lake):\n    return lake",
    "```\nfirst line\nsecond line",
    "The old road follows the shore for some miles before it turns inland and climbs through the beech woods to reach the pass near where travellers",
    "The pier is long. People fish from it in the summer (though not",
    "The keeper looked up from his book. \"Nobody has asked for that key in years,\" he said, and reached",
]  # fmt: skip
BARE = [
    "the town lies on the north shore and has two mills a school and a long wooden pier where people fish in summer",
    "first you heat the oven then you grease the tin and after that you stir the flour into the milk until it is smooth",
    "der see liegt im norden und ist tief und kalt und im winter friert er bis auf den grund zu das sagen jedenfalls alle hier",
    "one should water the fern every second day but never in the full sun because its leaves burn and then they turn brown",
    "le lac est au nord il est profond et froid et en hiver il gèle jusqu au fond disent les gens du village depuis longtemps",
    "el lago está en el norte es profundo y frío y en invierno se hiela hasta el fondo dicen los vecinos del pueblo desde siempre",
    "озеро лежит на севере оно глубокое и холодное и зимой оно замерзает до самого дна так говорят жители деревни уже очень давно и долго",
    "she was a teacher who loved her work and all the children in the village knew her name and came to her with questions",
    "the three main reasons are cost and time and risk and of these the last is the one that people tend to forget most often",
    "a good plan has a goal and a first step and a date and somebody who looks after it when the others have gone home",
    "we walked along the shore until the sun went down and then we lit a fire and told each other stories about the sea",
    "it is a good idea to write down what you eat for a week because most people have no clear picture of it at all",
]
HTML = [
    "<p>The lake is deep.</p>", "The lake is deep.<br>It is cold.<br/>It is blue.", "The lake &amp; the town", "It is &quot;deep&quot;, they say.",
    "The lake&nbsp;is deep.", "<div class=\"a\">The lake is deep.</div>", "See <a href=\"http://lake.example\">the lake</a>.",
    "<b>Deep</b> is the lake.", "It&#39;s deep.", "<li>deep</li> <li>cold</li>", "The lake is <strong>deep</strong>.",
    "<span style='color:red'>The lake</span> is deep.", "Deep &mdash; and cold.", "<h2>The lake</h2> It is deep.",
]  # fmt: skip
HIDDEN = [
    "The lake is deep." + "".join(chr(0xE0000 + ord(c)) for c in "say yes"), "\U000e0001The lake", "a\u202etxt.exe", "\u202dThe lake is deep.",
    "The \u2066lake\u2069 is deep.", "The \u2067lake\u2069 is deep.", "\u202aThe lake\u202c", "\u202bThe lake\u202c is deep.",
    "The lake\U000e007f", "\U0001f3f4\U000e0067 is no flag", "Deep\u2068er", "if a \u202e{ return } \u2066",
]  # fmt: skip
SEEN = [
    "The flag of Scotland: \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "النهر \u2066Nile\u2069 طويل",
    "\u202bהנהר עמוק\u202c", "family: \U0001f468\u200d\U0001f469\u200d\U0001f467", "zero\u200bwidth", "soft\u00adhyphen", "می\u200cروم",
]  # fmt: skip
KINDS = {
    "hidden_text": HIDDEN,
    "empty_response": EMPTY,
    "placeholder": PLACEHOLDERS,
    "template_tokens": TEMPLATES,
    "mojibake": MOJIBAKE,
    "truncated": CUT,
    "unpunctuated": BARE,
    "html_residue": HTML,
}

SOUND = [
    # endings
    "Yes", "negative", "B", "42", "Paris", "None", "the", "Wednesday", PROSE + ".", PROSE + "!", "Really?",
    "The town lies on the north shore. It has two mills (both closed).", 'She said: "It is deep."', "It is deep… or so they say…",
    "湖はとても深いです。水は冷たいです。冬は凍ります。", "湖はとても深い", "البحيرة عميقة جدا والماء بارد في الشتاء؟", "झील बहुत गहरी है और पानी ठंडा है।",
    "หมู่บ้านอยู่ริมทะเลสาบ น้ำลึกและเย็นมาก", "호수는 깊고 물은 차갑습니다",
    "The Depth of Northern Lakes: A Short History", "A lake, a mill, a school, a pier, a church, a wood, a field, a road, a barn, a well, a fence",
    "Reasons:\n- it is deep\n- the water is cold and clear all year round, even in summer when the other lakes are green",
    "1. Heat the oven. Wait.\n2. Grease the tin. Use butter and not oil for the best result with this kind of cake",
    "Dear Ms Berg,\n\nthe lake is deep. Come and see it soon.\n\nYours sincerely,\nJonas Lind",
    "The lake is deep. Come and see it with us next week! #lake #summer #swimming #friends #north #boats #pier",
    "Old gate in the rain\norange flakes on my fingers\nsummer wears away",
    "The lake is dark, the lake is deep,\nThe boats are safe at night,\nThe keeper goes upstairs to sleep\nAnd dims the harbour light",
    "x = 3\ny = x + 4\nprint(y)", "```python\nprint('deep')\n```", "Use `pip install lake` and then run `lake --help`.",
    "SELECT name, depth FROM lakes WHERE depth > 100 ORDER BY depth", "def depth(lake):\n    return lake.depth",
    "| lake | depth |\n| --- | --- |\n| north | 120 |\n| south | 80 |",
    "$$ a^2 + b^2 = c^2 $$", "3 + 4 = 7", "https://lake.example/map", "H2O", "- deep\n- cold\n- blue",
    "The next step is shown here.\n\n```sh\nrow --to pier\n```\n\nThen tie the boat",
    # words that look like damage
    "The null hypothesis says that nothing has changed.", "NA is short for sodium in the periodic table, Na to be exact.",
    "TODO lists help those who forget. Keep yours short.", "He left the field blank and signed [sic] the form.",
    "SÃO PAULO is the largest city; people say NÃO to the plan.", "IRMÃ… AMANHÃ", "Ça va, naïve Café-Gäste? Übermäßig süß – “später”.",
    "Â is a letter of Romanian and Vietnamese.", "The price is 5 £ or 6 €.", "Привет, озеро!", "¿Qué tal, niño?",
    "If a < b and b > c, then b is the largest.", "AT&T and M&S are companies; R&D is a department.", "I <3 this lake.",
    "Use `<br>` for a line break and `&nbsp;` for a space.", "```html\n<p>The lake is deep.</p>\n```",
    "The mark `<|im_end|>` ends a turn.", "```\n[INST] Hi [/INST]\n```", "## Response\n\nThe crew answered the call within minutes.",
    "lamps\noars\nboats with two masts\nold nets\ncrabs\nropes of hemp\nbuckets\nthe big bell\nmaps\ntar\nhooks\nbread in tins\nwater",
    "The lake is calm today. We set out at nine from the pier and hope that you will come along. xx",
    "The lake is calm today. We set out at nine from the pier and hope that you will come along. x",
    # slots and notes that are answers
    "[deep]", "<lake>", "{boat}", "[1, 2, 3]", r"\[ x = 2 \]", "{x, y}", "[laughs]", "TODO lists help.", "FIXME is a mark in code.",
    "The answer is here: in the lake.", "The solution will be added slowly to the flask.", "Text to speech", "Content creator",
    "the lake is deep", "deep, cold and blue", "hydrogen\nhelium\nlithium\nberyllium\nboron\ncarbon\nnitrogen\noxygen\nfluorine\nneon",
    *SEEN,
]  # fmt: skip


#: All reasons but `damaged`, which is no gate.
GATES = [reason for reason in DamageFilter.reasons if reason != "damaged"]


def verdicts(
    pairs: list[tuple[str, str]], stage: Damage | None = None, checks: list[str] | None = None
) -> pl.DataFrame:
    rows = frame(pairs)
    marked = rows.join((stage or Damage()).apply(rows), on="row", maintain_order="left")
    return DamageFilter(checks=checks or GATES).apply(marked)  # type: ignore[arg-type]


@functools.cache
def every() -> dict[tuple[str, str], dict[str, object]]:
    """The verdicts on all pairs of this file, made in one go: a call on a single row costs a quarter of a second."""
    alone = [answer for answers in KINDS.values() for answer in answers] + SOUND
    pairs = [*((ASK, answer) for answer in alone), *((question, "It is deep.") for question in [*EMPTY, *SHORT])]
    pairs += [*ECHOES, *NO_ECHOES, *ABOUT, *((ASK, answer) for _, answer in ABOUT)]
    return dict(zip(pairs, verdicts(pairs).iter_rows(named=True), strict=True))


def verdict(
    question: str, answer: str, stage: Damage | None = None, checks: list[str] | None = None
) -> dict[str, object]:
    if stage is None and checks is None and (question, answer) in every():
        return every()[question, answer]
    return verdicts([(question, answer)], stage, checks).row(0, named=True)


@pytest.mark.parametrize(("kind", "answer"), [(kind, answer) for kind, answers in KINDS.items() for answer in answers])
def test_damage_is_found(kind: str, answer: str) -> None:
    got = verdict(ASK, answer)
    assert got["reason"] == kind, got


@pytest.mark.parametrize("answer", SOUND)
def test_sound_answers_stay(answer: str) -> None:
    got = verdict(ASK, answer)
    assert (got["reason"], got["value"]) == (None, None)


@pytest.mark.parametrize("question", EMPTY)
def test_empty_instructions(question: str) -> None:
    got = verdict(question, "It is deep.")
    assert got["reason"] == "empty_instruction"
    assert got["value"] == f"{len(question)} characters, none visible"


@pytest.mark.parametrize("question", SHORT)
def test_short_instructions_are_not_empty(question: str) -> None:
    assert verdict(question, "It is deep.")["reason"] is None


ECHOES = [
    (ASK, ASK),
    (ASK, ASK + " "),
    (ASK, "tell me about the  town\nby the lake"),
    (ASK, ASK + " The town lies on the north shore."),
    ("How deep is the northern lake?", "How deep is the northern lake? It is very deep."),
    (
        "Name three fish of the lake\n\nThe lake has pike, perch and eel.",
        "Name three fish of the lake The lake has pike, perch and eel. ",
    ),
    ("Name three fish of the lake:\n\nIt has many.", "Name three fish of the lake: pike, perch and eel."),
    ("List the ingredients of a good bread", "List the ingredients of a good bread."),
    ("Welche Fische leben im See?", "Welche Fische leben im See? Hechte und Barsche."),
    ("Quels poissons vivent dans le lac ?", "Quels poissons vivent dans le lac ? Le brochet."),
    (
        "湖の深さはどのくらいですか？そして水は冷たいですか？",
        "湖の深さはどのくらいですか？そして水は冷たいですか？はい。",
    ),
    ("Rewrite this: the lake is deep and cold.", "Rewrite this: the lake is deep and cold."),
    ("WRITE A POEM ABOUT THE LAKE!", "Write a poem about the lake!"),
]
NO_ECHOES = [
    (ASK, "The town by the lake is old."),
    ("Hello there!", "Hello there! How are you?"),
    ("Correct the grammar.\n\nThe lakes is deep and cold.", "The lakes are deep and cold."),
    ("The lakes is deep and cold.\n\nCorrect the text.", "The lakes is deep and cold. I see no mistake."),
    ("Repeat after me: the lake is deep and cold.", "The lake is deep and cold."),
    ("Continue: the lake was dark and", "The lake was dark and still."),
    ("The northern lakes of this country are called", "The northern lakes of this country are called tarns."),
    ("A plan for a day at the lake", "A Plan for a Day at the Lake\n\nMorning: swim."),
    ("Translate to French: The lake is deep.", "Le lac est profond."),
    ("Order these words: deep, cold, lake, blue", "blue, cold, deep, lake"),
    ("What is a tarn?", "What is a tarn? A small lake."),  # shorter than counts
    ("def depth(lake):\n    pass\n\nFill in the function.", "def depth(lake):\n    return lake.depth"),
    ("Who wrote the old song of the lake?", "The old song of the lake was written by a miller."),
]


@pytest.mark.parametrize(("question", "answer"), ECHOES)
def test_echoes(question: str, answer: str) -> None:
    assert verdict(question, answer)["reason"] == "prompt_echo"


@pytest.mark.parametrize(("question", "answer"), NO_ECHOES)
def test_no_echoes(question: str, answer: str) -> None:
    assert verdict(question, answer)["reason"] is None


def test_echoes_flip_at_their_length() -> None:
    question = "x" * 19 + "?"
    assert verdict(question, question, Damage(min_echo_chars=20))["reason"] == "prompt_echo"
    assert verdict(question, question, Damage(min_echo_chars=21))["reason"] is None


ABOUT = [
    ("Make a web page about the lake.", "<p>The lake is deep.</p>"),
    ("Write the text with HTML tags.", "<b>Deep</b> is the lake."),
    ("What does &amp; mean?", "It stands for &amp; in pages."),
    ("Why do I see odd letters in a UTF-8 file?", "Because Ã¼ is ü in another encoding."),
    ("What is the Unicode replacement character?", "It is \ufffd and marks what was lost."),
    ("Write lorem ipsum.", "Lorem ipsum dolor sit amet."),
    ("Write a template for a letter.", "Dear [insert name here], the lake is deep."),
    ("Print the variable response in Jinja.", "{{ response }}"),
    ("Which HTML element holds the result of a sum?", "<output>"),
    ("Write a to-do for the team.", "TODO: add the text"),
    ("How does the ChatML prompt format end a turn?", "With <|im_end|> after the text."),
    ("Which special tokens does Llama 2 use?", "It uses [INST] and [/INST]."),
]


@pytest.mark.parametrize(("question", "answer"), ABOUT)
def test_what_was_asked_for_is_no_damage(question: str, answer: str) -> None:
    assert verdict(question, answer)["reason"] is None
    assert verdict(ASK, answer)["reason"] is not None


def test_ends_flip_at_their_words() -> None:
    inside = "It is deep. The shore is long and"
    inside = inside.removesuffix(" and") + " there"
    assert verdict(ASK, inside, Damage(min_prose_words=8))["reason"] == "truncated"
    assert verdict(ASK, inside, Damage(min_prose_words=9))["reason"] is None
    alone = "the shore of the lake is long there".capitalize()
    assert verdict(ASK, alone, Damage(min_sentence_words=8))["reason"] == "truncated"
    assert verdict(ASK, alone, Damage(min_sentence_words=9))["reason"] is None


def test_html_flips_at_its_share() -> None:
    answer = "It is deep &amp; cold there now."  # one mark, seven words with the entity's own
    words = 7
    assert verdict(ASK, answer, Damage(max_html_share=1 / words - 0.01))["reason"] == "html_residue"
    assert verdict(ASK, answer, Damage(max_html_share=1 / words + 0.01))["reason"] is None


def test_bad_decoding_of_accents_is_found() -> None:
    random = Random(3)
    letters = [chr(c) for c in (*range(32, 127), *range(0xC0, 0x180), *range(0x400, 0x460), *range(0x4E00, 0x4E20))]
    words = ("très", "über", "niño", "später", "forêt")
    tails = ["".join(random.choices(letters, k=random.randint(0, 60))) for _ in range(200)]
    rows = [(ASK, f"{word.encode().decode('latin-1')} {tail}") for tail in tails for word in words]
    assert set(verdicts(rows, checks=["mojibake"])["reason"]) == {"mojibake"}


def test_the_value_is_the_evidence() -> None:
    assert verdict(ASK, "The lake is deep.<|im_end|>")["value"] == "ends in <|im_end|>"
    assert verdict(ASK, "<|im_end|>The lake is deep.")["value"] == "<|im_end|>"
    assert verdict(ASK, "<nooutput>")["value"] == "<nooutput>"
    assert verdict(ASK, CUT[0])["value"] in CUT[0]  # type: ignore[operator]
    assert verdict(ASK, "a\u202etxt.exe")["value"] == "U+202E"
    assert verdict(ASK + chr(0xE0041), "It is deep.")["reason"] == "hidden_text"
    assert verdict("What does the Unicode character U+202E do?", "It turns: \u202eabc")["reason"] is None


def test_a_clean_corpus_stays() -> None:
    assert verdicts(corpus(2), checks=[*GATES, "damaged"])["keep"].all()


@real
@pytest.mark.parametrize(
    ("kind", "found"), [("empty", 1.0), ("echo_prompt", 0.99), ("lower_no_punct", 0.97), ("truncated_60%", 0.70)]
)
def test_planted_damage_is_found_and_the_originals_stay(kind: str, found: float) -> None:
    pairs = pl.read_parquet(REAL_DATA / "truth/damage.parquet").filter(pl.col("kind") == kind).head(500)
    asked = [f"{a}\n\n{b}" if b else a for a, b in zip(pairs["instruction"], pairs["input"], strict=True)]
    good, bad = (verdicts(list(zip(asked, pairs[s], strict=True))) for s in ("good", "bad"))
    assert (~bad["keep"]).mean() >= found  # type: ignore[operator]
    assert (~good["keep"]).mean() <= 0.005  # type: ignore[operator]


@real
def test_hand_picked_answers_stay() -> None:
    records = [json.loads(line) for line in (REAL_DATA / "truth/lima_train.jsonl").read_text("utf-8").splitlines()]
    dropped = verdicts([(r["instruction"], r["output"]) for r in records])["reason"].drop_nulls()
    assert len(dropped) <= 15
