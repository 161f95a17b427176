"""The queries: documents in, documents out; rows and driver errors stay inside."""
