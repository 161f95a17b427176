"""Conversations through the sockets of a whole node."""
