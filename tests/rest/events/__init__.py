"""Tests of the events API on whole nodes."""
