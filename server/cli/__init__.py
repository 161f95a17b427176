"""Commands at a shell beside the server: logins, sample replies, and the database they use."""
