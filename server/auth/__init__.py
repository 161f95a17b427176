"""Identity: how tokens are signed and read, and who a request comes from."""
