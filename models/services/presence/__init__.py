"""Presence: who is online, who may know it, and who is told."""
