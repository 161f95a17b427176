"""Nodes among each other: requests are forwarded, and nobody else gets an answer from the port for nodes."""
