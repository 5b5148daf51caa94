"""Stages that choose rows seeing all of them."""
