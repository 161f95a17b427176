"""The nouns, as frozen values with the rules that need nobody else."""
