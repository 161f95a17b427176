"""Ways to bring a notification to a device: each implements models.ports.PushSender."""
