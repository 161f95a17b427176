"""Implements what media services need from outside: pictures are shrunk, URLs are fetched."""
