"""Taking in what is already there: dumping it, taking it into the inventory, writing down who it is. Writes to no target."""
