"""Ways to bring a code to a number: each implements models.ports.CodeSender."""
