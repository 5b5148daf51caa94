"""Makes a tiny language model on the spot: a Llama of 250,000 parameters and a byte-level BPE of 2,000 tokens.

    python tools/tiny_model.py out/demo/train.jsonl out/tiny

It has random weights, and needs no network. It is for demonstrations and tests; it will never answer anything.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

VOCABULARY = 2000


def make_model(texts: Iterable[str], folder: Path, *, template: str | None = "chatml", seed: int = 5) -> None:
    """Save model and tokenizer into `folder`.

    Parameters
    ----------
    texts : what the tokenizer learns its merges from.
    template : `chatml`, another chat template, or None for none and no tokens for one.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    from transformers.utils import logging

    from curate.train.chat import CHATML, CHATML_TOKENS

    special = ["<s>", "</s>", *(CHATML_TOKENS if template else ())]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token=special[-1], pad_token="<s>")
    if template:
        tokenizer.chat_template = CHATML if template == "chatml" else template
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=192, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=2048, tie_word_embeddings=True,
    )  # fmt: skip
    logging.disable_progress_bar()
    LlamaForCausalLM(config).save_pretrained(folder)


def main() -> None:
    """Make one from the texts of a `train.jsonl`."""
    data, folder = Path(sys.argv[1]), Path(sys.argv[2])
    records = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines() if line]
    make_model([m["content"] for record in records for m in record["messages"]], folder)


if __name__ == "__main__":
    main()
