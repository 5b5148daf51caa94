"""Signs of damage in a record: deterministic gates, each with its evidence, and a small linear model.

`patterns` and `weighed` are regular expressions, `gates` the polars expressions made of the first, `raw` what is
measured, `excuses` what the instruction asks for, `signals` the numbers that the model weighs, `model` the shipped
weights.
"""
