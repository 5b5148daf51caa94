"""Where stages run. Stages never know the engine."""
