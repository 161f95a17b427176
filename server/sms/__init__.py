"""Sends codes and texts to phone numbers; each module implements models.ports.CodeSender and TextSender."""
