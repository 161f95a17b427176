"""The command `parley`: the server, and what a shell does with logins and sample replies on its database."""
