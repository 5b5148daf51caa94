"""A conversation as tokens, and which of them are learnt: every assistant turn with its end-of-turn token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from curate.errors import ConfigError
from curate.schema import Message
from curate.train.records import plain

#: ChatML with generation markers; the markup is OpenAI's (2023), the header is a prefix of every turn.
CHATML: Final = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message['role'] + '\\n' }}"
    "{%- if message['role'] == 'assistant' %}"
    "{%- generation %}{{- message['content'] + '<|im_end|>' }}{%- endgeneration %}{{- '\\n' }}"
    "{%- else %}{{- message['content'] + '<|im_end|>\\n' }}{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
CHATML_TOKENS: Final = ("<|im_start|>", "<|im_end|>")

#: The label of a token without a loss (PyTorch's `cross_entropy` and every trainer of transformers).
IGNORED: Final = -100


@dataclass(frozen=True, slots=True)
class Encoded:
    """A conversation as tokens.

    Parameters
    ----------
    ids : (tokens,) ids of the whole sequence.
    learnt : (tokens,) whether each is learnt.
    """

    ids: list[int]
    learnt: list[bool]

    @property
    def labels(self) -> list[int]:
        """(tokens,) the ids, with `IGNORED` where nothing is learnt."""
        return [i if on else IGNORED for i, on in zip(self.ids, self.learnt, strict=True)]

    def spans(self) -> list[list[int]]:
        """The learnt tokens, run by run."""
        runs: list[list[int]] = []
        before = False
        for token, on in zip(self.ids, self.learnt, strict=True):
            if on and not before:
                runs.append([])
            if on:
                runs[-1].append(token)
            before = on
        return runs


class Chat:
    """A tokenizer with a template that marks what the assistant says.

    Parameters
    ----------
    tokenizer : of transformers; a template without marks is replaced by TRL's marked version of it.
    template : `model`, or `chatml` to use ChatML and to add its tokens where they are missing.

    Raises
    ------
    ConfigError : the tokenizer has no template, or one without marks that TRL does not know.
    """

    def __init__(self, tokenizer: Any, template: str) -> None:
        self.tokenizer = tokenizer
        #: How many tokens were added to the vocabulary.
        self.added = 0
        if template == "chatml":
            missing = [token for token in CHATML_TOKENS if token not in tokenizer.get_vocab()]
            self.added = int(tokenizer.add_special_tokens({"additional_special_tokens": missing})) if missing else 0
            tokenizer.chat_template = CHATML
            tokenizer.eos_token = CHATML_TOKENS[1]
        else:
            tokenizer.chat_template = _marked(tokenizer)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        #: Strings that mean something to the tokenizer and may not stand in a message.
        self.reserved = tuple(sorted({*tokenizer.all_special_tokens, *_added_special(tokenizer)}))

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """The tokens of a conversation, and which of them are learnt."""
        out = self.tokenizer.apply_chat_template(
            plain(messages), tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        return Encoded(list(out["input_ids"]), [bool(on) for on in out["assistant_masks"]])

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The tokens that an answer to `messages` follows upon, the header of the answer included."""
        out = self.tokenizer.apply_chat_template(
            plain(messages), tokenize=True, return_dict=True, add_generation_prompt=True
        )
        return list(out["input_ids"])

    def text(self, ids: Sequence[int]) -> str:
        """The text of tokens, special ones included."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    @property
    def stops(self) -> list[int]:
        """The ids that end a turn: the special ones among those that are learnt, and the end of text."""
        special = set(self.tokenizer.convert_tokens_to_ids(list(self.reserved)))
        probe = self.encode([Message(role="user", content="a"), Message(role="assistant", content="b")])
        learnt = {i for i, on in zip(probe.ids, probe.learnt, strict=True) if on}
        return sorted((learnt & special) | {self.tokenizer.eos_token_id})


def _marked(tokenizer: Any) -> str:
    """The tokenizer's template with generation markers."""
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    own = tokenizer.chat_template
    if own is None:
        raise ConfigError("the model has no chat template; `--template chatml` gives it one, with tokens of its own")
    if isinstance(own, str) and has_generation_markers(own):
        return own
    try:
        known = get_training_chat_template(tokenizer)
    except ValueError:
        known = None
    if known is None:
        raise ConfigError(
            "the model's chat template does not mark what the assistant says ({% generation %}), and it is none that "
            "TRL has a marked version of; put the marks into the model's chat_template.jinja, or use "
            "`--template chatml`"
        )
    return str(known)


def _added_special(tokenizer: Any) -> list[str]:
    return [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
