"""Stages: one file is one stage, named as in YAML; stages never import each other."""
