"""Commands about what trueup keeps: secrets, protections, its state."""
