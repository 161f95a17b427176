"""The words that the server writes for people: SMS, pushes and the pages of invitations, in the reader's language."""
