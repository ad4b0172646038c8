"""Our trade: leads, the phone numbers held for them, their appointments, their history."""
