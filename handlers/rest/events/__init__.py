"""The REST routes of the events API."""
