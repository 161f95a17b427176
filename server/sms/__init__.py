"""Ways to bring a code or a text to a number: each implements models.ports.CodeSender and TextSender."""
