"""Turn raw dumps of instruction data into a small supervised fine-tuning set worth training on."""

__version__ = "0.1.0"
