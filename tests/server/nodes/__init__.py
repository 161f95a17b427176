"""Nodes among each other: what is passed on, and what a stranger at the door gets."""
