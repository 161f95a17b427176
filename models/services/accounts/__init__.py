"""Accounts: codes, signing in, sessions, logins, registration, profiles and removal."""
