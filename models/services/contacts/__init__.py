"""Contacts: accounts by id and number, address books, whom one may write to and see, and block lists."""
