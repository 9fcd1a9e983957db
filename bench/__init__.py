"""Measurements against floors: what trueup costs beside the least that could be done. Prints and never fails the build."""
