"""Files: storing and fetching them, photos, and the sizes in which photos are shown."""
