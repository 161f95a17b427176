"""Tests of server/media."""
