"""The parts of the sample-data generator: one module per kind of text, each a list of families."""
