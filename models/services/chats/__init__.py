"""Chats: sending, announcing, reading and catching up, receipts and typing."""
