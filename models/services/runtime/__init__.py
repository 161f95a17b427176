"""Small tools that every service may use: caches, batched loads, token buckets, admission."""
