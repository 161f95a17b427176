"""Notifications: the queue, its delivery by push and SMS, and the devices."""
