"""Stages that drop rows one by one, by rules."""
