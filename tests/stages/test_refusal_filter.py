"""`refusal_filter`: planted refusals, disclaimers and names, and the texts that only look like them."""

from __future__ import annotations

import json

import polars as pl
import pytest
from pydantic import ValidationError

from curate.phrases import (
    _EDGE,
    CLOSING_DISCLAIMER,
    DISCLAIMER,
    IDENTITY,
    MAY_DISCLAIM,
    MAY_NAME,
    MAY_REFUSE,
    REFUSAL,
    TAIL,
    TURN,
    phrases,
)
from curate.stages.filter.refusal_filter import RefusalFilter
from curate.text import excerpt
from tests.helpers import REAL_DATA, corpus, frame

real = pytest.mark.skipif(not REAL_DATA.is_dir(), reason="real data (../shared/data) is not here")

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist you with this request.",
    "Sorry, I cannot write that for you.",
    "I am unable to provide details about that person.",
    "I apologize, but I won't generate such a text. Is there anything else?",
    "Unfortunately, I am not able to access websites.",
    "I must respectfully decline to answer this question.",
    "Thank you for asking! However, I cannot create images.",
    "I do not feel comfortable discussing that topic.",
    "As an AI language model, I cannot fulfill this request.",
    "This request cannot be completed.",
    "Unable to process this input.",
    "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
    "Ich kann dir dabei leider nicht helfen.",
    "Je suis désolé, mais je ne peux pas répondre à cette question.",
    "Malheureusement, je ne peux pas vous aider.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Lo siento, no puedo proporcionar esa información.",
    "I don't have access to the information I would need, so this stays open.",
    "Unfortunately I do not have enough context to say which of the two is meant.",
    "I'm sorry, but I don't know how to respond to that.",
    "I can't satisfy this wish.",
    "Infelizmente, não posso ajudar com isso.",
    "Desculpe, mas não consigo fornecer esses dados.",
    "Não consigo responder a perguntas deste tipo.",
    "Mi dispiace, ma non posso aiutarti.",
    "Purtroppo non sono in grado di rispondere a questa domanda.",
]
LONG = " The main thing is to start with a list of all that is needed, and to go on from there step by step." * 8
DISCLAIMERS = [
    "As an AI language model, I have no favourite colour, though many people name blue.",
    "As an AI, I don't eat, but bread is a good start.",
    "I am an AI assistant, so I have never been to Lisbon. Visitors praise the trams.",
    "I'm just a language model, but here is a plan.",
    "Well, as a large language model I can only repeat what I read: take two.",
    "I don't have personal opinions, but critics liked it.",
    "I do not have access to real-time data. In spring it is usually mild.",
    "My knowledge cutoff is some years back. At that time there were nine.",
    "Great question! As an artificial intelligence, I see it like this.",
    "As a helpful and honest assistant, I would rather point to the sources.",
    "Als KI-Sprachmodell habe ich keine Meinung, aber viele mögen Blau.",
    "En tant qu'IA, je n'ai pas de goûts, mais le bleu plaît beaucoup.",
    "Como modelo de lenguaje, no tengo gustos, pero el azul gusta mucho.",
    "As a virtual AI assistant, I can't hold a cup, but tea is easy to make.",
    "As a responsible and ethical assistant, I would name both sides.",
    "As of my last knowledge update there were nine of them.",
    "I have no body, but as an AI language model, I know many recipes.",
    "AI models like me read a text word by word.",
    "Como uma IA, não tenho gostos, mas muita gente prefere azul.",
    "In quanto modello linguistico, non ho gusti, ma il blu piace a molti.",
    "I'm sorry, but I cannot give you legal help, so I can't write the contract itself." + LONG,
    "I cannot browse the internet. Still, here is what is known." + LONG,
]
NAMES = [
    "I am ChatGPT, and I like puzzles.",
    "I'm GPT-4. What would you like to know?",
    "My name is Claude, an AI assistant made to help.",
    "I am Bard, a language model.",
    "As a language model trained by OpenAI, I can list three.",
    "Hello! I'm an AI assistant created by Anthropic.",
    "I was developed by Google DeepMind to answer questions.",
    "I'm Vicuna, a chatbot from a group of universities.",
    "I am an AI language model developed by Meta, and can help with letters.",
    "You can call me ChatGPT.",
    "I’m Gemini, a model built by Google.",
    "Ich bin ChatGPT und helfe gern.",
    "Je suis ChatGPT, à votre service.",
    "Soy ChatGPT. Pregunta lo que quieras.",
    "My name is Gemini, and I was built by Google.",
    "I'm Helper, an AI assistant trained by Anthropic.",
    "As ChatGPT, I like lists.",
    "You may refer to me as Vicuna, a chatbot.",
    "Good day, I'm an AI assistant made by Mistral AI.",
    "Ich wurde von OpenAI entwickelt.",
    "Je suis un modèle de langage développé par Google.",
    "Fui desenvolvido pela OpenAI.",
    "Sono un modello linguistico creato da Meta.",
]
FINE = [
    "An AI can refuse. OpenAI's models, for example, sometimes say they cannot help with a request.",
    "As an AI researcher, she trained models to write music.",
    "ChatGPT was released by OpenAI and drew many users within days.",
    "Dear Ms Berg,\n\nI'm sorry, but I cannot attend the dinner on Friday. I hope we find another day.",
    "I'm sorry for your loss. If you would like to talk, I am here.",
    "I can't help but smile when the first snow falls.",
    "I couldn't believe my eyes: the garden was full of foxes.",
    "We apologize for the delay. Your parcel will arrive on Monday.",
    "My name is Claude and I bake bread in Lyon.",
    "Bard was a title for poets. I am fond of the last of them.",
    "Claude Monet painted the lilies again and again.",
    "As developed by Google, the system sorts mail. It was first shown in spring.",
    "I have worked as an engineer at Google since the first spring of the lake office.",
    "My name is Priya, and I was made head of sales by my aunt.",
    "As Claude, the baker of Lyon, used to say: salt first.",
    "Unfortunately, I don't have access to a car this week, so let us meet at the lake.",
    "Ich bin seit Jahren bei Google und baue Brücken aus Zahlen.",
    "Soy ingeniera en Google y vivo en Vigo.",
    "Mi dispiace, ma domani non posso venire.",
    "Infelizmente não posso ir amanhã.",
    "A language model predicts the next word from the ones before.",
    '"I can\'t do this any more," said Mara, and put down the rope.',
    "Sorry is the hardest word, as the song has it.",
    "The llama and the alpaca are both kept for their wool.",
    "Es tut mir leid, aber ich kann morgen nicht kommen.",
    "Je suis désolé, mais je ne peux pas venir demain.",
    "Lo siento, pero no puedo ir mañana.",
    "Viele Filme zeigen Roboter als KI mit Gefühlen.",
    "I am a nurse, so I see the night shift as the quiet one.",
    "No.",
    "申し訳ありませんが、明日は雨です。",
    "```python\nraise PermissionError(\"I'm sorry, but I can't help with that.\")\n```",
]  # fmt: skip


def verdicts(answers: list[str], stage: RefusalFilter | None = None) -> list[str | None]:
    return (stage or RefusalFilter()).apply(frame([("Please.", a) for a in answers]))["reason"].to_list()


@pytest.mark.parametrize("answer", REFUSALS)
def test_refusals(answer: str) -> None:
    assert verdicts([answer]) == ["refusal"]


@pytest.mark.parametrize("answer", DISCLAIMERS)
def test_disclaimers(answer: str) -> None:
    assert verdicts([answer]) == ["ai_disclaimer"]


@pytest.mark.parametrize("answer", NAMES)
def test_names(answer: str) -> None:
    assert verdicts([answer]) == ["provider_identity"]


@pytest.mark.parametrize("answer", FINE)
def test_mentions_are_fine(answer: str) -> None:
    assert verdicts([answer]) == [None]


@pytest.mark.parametrize("answer", [REFUSALS[0], DISCLAIMERS[0], NAMES[0]])
def test_only_the_head_counts(answer: str) -> None:
    essay = "The tower was built of brick and stood for ages. "
    near, far = essay + answer, essay * 8 + answer
    assert verdicts([near])[0] is not None
    assert verdicts([far], RefusalFilter(tail_chars=0)) == [None]
    assert verdicts([far], RefusalFilter(head_chars=600, tail_chars=0))[0] is not None


CLOSINGS = {
    "Keep in mind that as an AI language model I cannot give advice on law.": "ai_disclaimer",
    "Please remember that I'm only an AI.": "ai_disclaimer",
    "By the way, I am Gemini, a large language model built by Google.": "provider_identity",
    "(I was trained by OpenAI, so I take no side.)": "provider_identity",
}


def test_what_is_looked_for_first_loses_no_phrase() -> None:
    said = [*REFUSALS, *DISCLAIMERS, *NAMES, *FINE, *CLOSINGS]
    texts = pl.Series([mark + before + one for one in said for mark in (TURN, TAIL) for before in ("", "Été. ")])
    for screen, pattern in (
        (MAY_REFUSE, REFUSAL),
        (MAY_DISCLAIM, DISCLAIMER),
        (MAY_DISCLAIM, CLOSING_DISCLAIMER),
        (MAY_NAME, IDENTITY),
    ):
        plain = texts.to_frame("t").select(excerpt(pl.col("t"), pattern, trim=_EDGE))["t"]
        assert plain.count() > len(said) // 4
        assert phrases(texts, screen, pattern).to_list() == plain.to_list()


@pytest.mark.parametrize(("closing", "reason"), CLOSINGS.items())
def test_closing_sentences_count(closing: str, reason: str) -> None:
    essay = "The tower was built of brick and stood for ages. " * 8
    for answer in (essay + closing, essay.rstrip() + "\n\n" + closing, essay + "“It is old.” " + closing):
        assert verdicts([answer]) == [reason]
        assert verdicts([answer], RefusalFilter(tail_chars=0)) == [None]
    # In the middle of a long text it is a matter of that text.
    assert verdicts([essay + closing + " " + essay]) == [None]


def test_a_closing_sentence_begins_within_the_tail() -> None:
    closing = "I am an AI, so check it."
    answer = "The tower was built of brick and stood for ages. " * 8 + closing
    size = len(closing)
    assert verdicts([answer], RefusalFilter(tail_chars=size)) == ["ai_disclaimer"]
    assert verdicts([answer], RefusalFilter(tail_chars=size - 1)) == [None]


@pytest.mark.parametrize("closing", [
    "I'm sorry, but I can't help with that.", "I don't have feelings for him.", 'She laughed. "I am an AI," it said.',
    "It was made by OpenAI.", "As an AI researcher, she went on.",
])  # fmt: skip
def test_other_closings_are_part_of_the_story(closing: str) -> None:
    assert verdicts(["The tower was built of brick and stood for ages. " * 8 + closing]) == [None]


def test_a_refusal_before_a_long_answer_is_a_disclaimer() -> None:
    answer = "I'm sorry, but I can't help with that." + " x" * 20
    size = len(answer)
    assert verdicts([answer], RefusalFilter(short_chars=size)) == ["refusal"]
    assert verdicts([answer], RefusalFilter(short_chars=size - 1)) == ["ai_disclaimer"]


def test_any_turn_may_refuse_and_users_may_say_anything() -> None:
    def chat(*turns: str) -> list[dict[str, str]]:
        return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(turns)]

    chats = [
        chat("Hello", "Good day.", "Do it.", "I'm sorry, but I can't help with that."),
        chat("I'm sorry, but I can't help with that. What does it mean?", "It declines a request."),
        chat("Hello", "Good day.", "And?", "Nothing else."),
    ]
    rows = frame([("q", "a")] * 3)
    rows = rows.with_columns(pl.Series("messages", chats, dtype=rows.schema["messages"]))
    assert RefusalFilter().apply(rows)["reason"].to_list() == ["refusal", None, None]


def test_the_value_is_the_phrase() -> None:
    answer = "Hm. I'm sorry, but I can't help with that."
    verdict = RefusalFilter().apply(frame([("q", answer)])).row(0, named=True)
    assert verdict["value"] in answer
    assert "can't help" in verdict["value"]


def test_checks_can_be_switched_off() -> None:
    samples = [REFUSALS[0], DISCLAIMERS[0], NAMES[0]]
    assert verdicts(samples, RefusalFilter(checks=["refusal"])) == ["refusal", None, None]
    assert verdicts(samples, RefusalFilter(checks=["provider_identity", "ai_disclaimer"])) == [
        None, "ai_disclaimer", "provider_identity",
    ]  # fmt: skip
    for bad in ([], ["refusals"]):
        with pytest.raises(ValidationError):
            RefusalFilter(checks=bad)  # type: ignore[arg-type]


def test_a_clean_corpus_stays() -> None:
    assert RefusalFilter().apply(frame(corpus()))["keep"].all()


@real
def test_hand_picked_answers_stay() -> None:
    records = [json.loads(line) for line in (REAL_DATA / "truth/lima_train.jsonl").read_text("utf-8").splitlines()]
    dropped = RefusalFilter().apply(frame([(r["instruction"], r["output"]) for r in records]))["reason"].drop_nulls()
    # Seven were written to teach refusing or presenting oneself; a search for the words alone finds 36.
    assert len(dropped) <= 8


@real
def test_planted_refusals_are_found_and_their_originals_stay() -> None:
    pairs = pl.read_parquet(REAL_DATA / "truth/damage.parquet").filter(pl.col("kind") == "ai_refusal")
    good, bad = (
        RefusalFilter().apply(frame(list(zip(pairs["instruction"], pairs[side], strict=True))))
        for side in ("good", "bad")
    )
    assert bad["keep"].sum() == 0
    assert (~good["keep"]).sum() <= 0.002 * good.height
