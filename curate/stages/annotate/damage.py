"""The stage `damage`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from curate.damage import gates
from curate.damage.excuses import excused
from curate.damage.model import SIGN, load, log_odds, strongest
from curate.damage.prepared import prepared, with_views
from curate.damage.signals import signals
from curate.stage import Annotator


class Damage(Annotator):
    """Tells how likely each response is broken rather than bad, and by which signs.

    Adds `damage`, a probability from 0 to 1, and `damage_signs`, a list of the strongest signs, each with its name, the
    log-odds it adds (`weight`) and its `evidence`. There are two sorts of sign.

    *Gates* are facts that on their own show a response to be broken; the evidence is the excerpt that gave it away.

    - `empty_instruction`, `empty_response`: nothing but white space, control and zero-width characters.
    - `placeholder`: the response is a stand-in (`<noinput>`, `N/A`, `TODO`, `...`), a slot or a note
      (`<your answer>`, `{{response}}`, `TODO: write the answer`) and no more, or prose that holds one (lorem ipsum,
      `[insert name here]`), unless the instruction asks for a template, a form or a placeholder, or (for slots) for
      markup, code or to-dos.
    - `template_tokens`: marks of ChatML, Llama, Gemma, Alpaca and other chat templates outside code
      (`<|im_end|>`, `[INST]`, `### Response:`), or another question and answer under such labels, unless the
      instruction is about such templates.
    - `hidden_text`: Unicode tag characters (but for flags) or marks that overrule or set the direction of text, where
      nothing is written from right to left, in the instruction or the response, unless the instruction is about them.
    - `mojibake`: UTF-8 read as Latin-1 or Windows-1252 (e acute as A tilde and a copyright sign), or the
      replacement character U+FFFD, unless the instruction is about encodings.
    - `prompt_echo`: the response begins with the whole instruction, or with its first line, of `min_echo_chars`
      characters or more, that ends in a mark; or is the whole instruction and no more. An echo of text that was given
      to rewrite, correct, translate or continue is an answer: there the first line alone does not count.
    - `refusal`, `ai_disclaimer`: the response declines, or presents itself as a model, at its beginning or end, also
      before or after a real answer; unless the instruction is about declining, harm or what a model cannot know, or
      (for disclaimers) about the assistant itself. Refusals that a set should teach stay in that way.
    - `unpunctuated`: 20 words or more in a script with capitals, without a capital, a comma, a full stop or any
      other such mark; but not lines of five words or fewer on average, a list or verse.
    - `truncated`: a code fence is left open; or the last line is prose that ends in a word no sentence ends with
      (`the`, `and`, `with`), or without any mark, in a word in small letters, though a sentence ended before in
      that line (`min_prose_words`) or the line is long (`min_sentence_words`). Code, tables, list items, names,
      hashtags, sums, signatures, short lines and scripts without capitals are left alone.
    - `html_residue`: tags or entities in prose, more than `max_html_share` of the words, unless the
      instruction mentions HTML, code, a web page or the like, or the response looks like code.
    - `repeated_tail`: it ends in the same words three times in a row or more; `copied_sentences`: three words in ten
      stand in sentences that were there before. Code, verse and what asks for repetition are left alone.
    - `word_salad`: English function words follow each other as they do by chance (`of the and is`).
    - `other_language`: another language than the instruction's, which names none; each told from 60 letters or more.

    *Signals* are numbers from 0 to 1 that a linear model weighs: open ends, brackets and quotes, loops and copies,
    characters lost, escapes and stray markup, unknown and overlong words, letter case, too few marks, disorder, filler
    phrases, labels of prompts, the request in the answer, and how little the response has to do with the
    instruction (shared words weighed by rarity, and the cosine of the static encoder). Their evidence is their value.
    No weight is negative: a signal can only add. What excuses it (code, verse, what was asked for) is part of it.

    `damage` is 1 / (1 + exp(-s)), s being the model's bias, plus the weight of a gate if there is one, plus the
    signals times their weights. It is calibrated to a pool of which one record in ten is damaged.
    `curate/assets/damage/README.md` is the model's card: data, licences, what it finds and what it misses.

    Why: damaged records teach to stop early, to repeat, to refuse or to answer another question. Looked at are
    instruction and response as text, not whether an answer is true or good. What was cut at the end of a sentence and
    an answer of one word to the wrong question do not show. Word order and vocabulary are those of English; elsewhere
    these signals are silent.

    Example
    -------
    ```yaml
    - stage: damage
    - stage: damage_filter
    ```

    References
    ----------
    - Taori et al. (2023), *Stanford Alpaca*, and Ruebsamen et al. (2023), *Cleaned Alpaca Dataset*: empty
      outputs, `<nooutput>` and echoed inputs as the kinds of damage that a generated set has.
    - Rae et al. (2021), *Scaling Language Models*, appendix A.1.1, and Raffel et al. (2020), *T5*, section 2.2:
      terminal punctuation, repetition and lorem ipsum as signs of what is prose.
    - Speer (2019), *ftfy*: which sequences give mis-decoded UTF-8 away.
    - Spärck Jones (1972), *A statistical interpretation of term specificity*: weighing shared words by rarity.
    """

    stage: Literal["damage"] = "damage"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    writes: ClassVar[Mapping[str, pl.DataType]] = {"damage": pl.Float64(), "damage_signs": pl.List(SIGN)}

    min_echo_chars: int = Field(
        20,
        ge=1,
        description="Characters of the instruction (or its first line) from which an echo counts: about four words.",
    )
    min_prose_words: int = Field(
        12, ge=1, description="Words of a last line, holding the end of a sentence, from which it must end in a mark."
    )
    min_sentence_words: int = Field(
        20, ge=1, description="Words of a last line, of one sentence only, from which it must end in a mark."
    )
    max_html_share: float = Field(
        0.03,
        ge=0.0,
        le=1.0,
        description="Tags and entities per word of prose that are allowed: one in 33 words. A few `&quot;` in a long "
        "answer (4% of LIMA's have one) are no reason to lose it.",
    )
    max_signals: int = Field(
        3, ge=0, description="Signals that `damage_signs` names, beside all gates: those that add most."
    )

    def content_key(self) -> Mapping[str, Any]:
        """Adds the hash of the model."""
        return {**super().content_key(), "model": load().digest}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`damage` and `damage_signs` of each row."""
        model = load()
        found, values = self.evidence(frame)
        odds = log_odds(values, found, model)
        return pl.DataFrame(
            {
                "damage": (1.0 / (1.0 + (-odds).exp())).round(4),
                "damage_signs": strongest(values, found, model, self.max_signals),
            }
        )

    def evidence(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Of each row, what each gate found (String, null for nothing), and each signal (Float64, 0 to 1)."""
        texts = with_views(frame)
        both = pl.concat([prepared(texts), excused(texts, load().order)], how="horizontal")
        return gates.evidence(both, self._gates()), both.lazy().select(**signals()).collect()

    def _gates(self) -> dict[str, gates.Gate]:
        """All gates, in the order in which they are checked."""

        def of(found: pl.Expr, *needed: str) -> gates.Gate:
            """A gate that finds nothing where there is none of the columns `needed`."""
            screen = pl.any_horizontal(pl.col(name).is_not_null() for name in needed) if needed else None
            return gates.Gate(found, screen)

        declined = gates.declined()
        return {
            "empty_instruction": of(gates.blank(pl.col("instruction"))),
            "empty_response": of(gates.blank(pl.col("response"))),
            "placeholder": of(gates.placeholder(), "stand_in", "held", "slot"),
            "template_tokens": of(gates.template_tokens(), "tokens", "went_on"),
            "hidden_text": of(gates.hidden_text(), "hidden"),
            "mojibake": of(gates.mojibake(), "garbled"),
            "prompt_echo": of(gates.prompt_echo(self.min_echo_chars), "echoing"),
            "refusal": of(declined["refusal"], "declines"),
            "ai_disclaimer": of(declined["ai_disclaimer"], "disclaims", "names", "closes"),
            "unpunctuated": gates.unpunctuated(),
            "truncated": gates.truncated(self.min_prose_words, self.min_sentence_words),
            "html_residue": gates.html_residue(self.max_html_share),
            **{name: of(found) for name, found in gates.of_measures().items()},
        }
