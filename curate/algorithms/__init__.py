"""The science, as plain functions over numpy arrays: no polars, no configuration."""
