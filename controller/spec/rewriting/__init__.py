"""Changing what an operator wrote: only what is new is written, every other byte stays as it is."""
