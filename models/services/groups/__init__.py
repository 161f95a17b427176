"""Groups: creating and changing them, and their members."""
