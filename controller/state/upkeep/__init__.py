"""Looking after the state file itself: backup, restore, check, and a new key. Nothing here knows what a spec or a device is."""
