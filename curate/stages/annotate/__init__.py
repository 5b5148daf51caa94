"""Stages that add columns."""
