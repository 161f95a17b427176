"""Calendar events: their lifecycle, invitations, answers, posts, alerts and reminders."""
