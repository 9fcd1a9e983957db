"""Looking at a plan as a whole, once it is made: the operator's own rules, and the digest of what it means."""
