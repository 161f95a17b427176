"""The business: documents (nouns), stores (queries), services (verbs), ports, refusals and events."""
