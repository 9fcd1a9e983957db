"""A new provider as a small distribution that works at once: its texts stand in ``texts/``, as they are written."""
