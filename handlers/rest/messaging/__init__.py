"""The REST routes of the messaging API."""
