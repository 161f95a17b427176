"""Accounts and logins: registration, sign-in, sessions, profiles and removal."""
