"""Contacts: accounts by id and by number, address books, the contact rule, visibility, and block lists."""
