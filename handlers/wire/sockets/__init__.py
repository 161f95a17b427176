"""Requests, answers and packets of the socket namespaces as JSON."""
