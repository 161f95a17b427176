"""Sends notifications to devices; each module implements models.ports.PushSender."""
