"""What is remembered: inventory, journal, runs, protections and sealed secrets, in one file with one writer.

It knows rows, never what they mean for a plan; nothing here talks to a device or decides a change.
"""
