"""The commands that look back: history, show, events, diff and rollback."""
