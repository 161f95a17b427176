"""Chats: the log of each chat, sending, announcing, reading, receipts and typing."""
