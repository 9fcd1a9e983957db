"""Faces on a terminal.

presence  who has one: all that can be read back
edits     sending, replacing and deleting one picture
"""
