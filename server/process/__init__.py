"""The process: start and stop, workers, the data directory, logs and checks before a start."""
