"""Cardskipper, a Swedish register of members and their roles, as a source of persons."""
