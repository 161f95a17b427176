"""The measured goals, in runs short enough for every change."""
