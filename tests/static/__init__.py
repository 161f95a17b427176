"""The web client, in headless Chromium as a person uses it, and its pure modules under node."""
