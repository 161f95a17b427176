"""Files: storing and fetching them, photos, and their sizes."""
