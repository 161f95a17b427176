"""Helpers of the tests: nodes, fixtures, clients, and servers that stand in for others."""
