"""Stages that drop repeats."""
