"""Clients for Redis: a single server, a Redis Cluster, or the primary behind sentinels."""
