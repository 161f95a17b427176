"""Benchmarks of the measured goals, each side by side with what it is compared with."""
