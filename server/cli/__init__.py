"""What is done at a shell: the command `parley`, and what it does instead of serving."""
