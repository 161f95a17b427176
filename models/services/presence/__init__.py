"""Presence: which accounts are online, which viewers may know it, and which watchers are told."""
