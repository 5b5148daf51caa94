"""Signs of damage in a record: deterministic gates, each with its evidence, and a small linear model.

`patterns` are regular expressions, `gates` the polars expressions made of them, `signals` the numbers that the model
weighs, `model` the shipped weights.
"""
