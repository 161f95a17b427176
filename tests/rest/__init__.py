"""Mirrors the tree it tests."""
