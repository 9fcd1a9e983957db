"""Plans walked: lanes side by side, batches with a journal, recovery after a crash."""
