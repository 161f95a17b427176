"""Requests and answers of the messaging API as JSON."""
