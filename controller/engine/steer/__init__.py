"""Steering by hand: making one entity anew, and taking what is there as last written."""
