"""Requests and answers of the events API as JSON."""
