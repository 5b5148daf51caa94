"""Fine-tuning on a curated set: a thin module over TRL that checks first, and can be killed at any time.

Read in this order: `config` (what can be set, and the presets), `records` (the file), `chat` (a conversation as
tokens, and which of them are learnt), `checks` (what is looked at before the first step), `model`, `sft`, `preference`,
`checkpoints` (what a killed run goes on from), `evaluation` and `generation` (what came of it).
"""
