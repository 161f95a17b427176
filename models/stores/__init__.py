"""The queries. They take and return documents; rows and driver errors do not leave this package."""
