"""How the commands that are about the specs themselves show what they found."""
