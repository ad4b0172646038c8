"""Webhook Hub speaks with the clinic Acme; nothing here changes the hub."""
