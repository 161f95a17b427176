"""Commands at a shell beside the server: logins and sample replies, on the database that the server uses."""
