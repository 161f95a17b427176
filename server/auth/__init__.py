"""Signs and reads tokens, and hashes passwords."""
