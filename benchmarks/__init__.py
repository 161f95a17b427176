"""The measured goals, each run side by side with what it is compared with."""
