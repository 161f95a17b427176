"""Helpers of the tests: nodes, worlds, clients, and servers that stand in for others."""
