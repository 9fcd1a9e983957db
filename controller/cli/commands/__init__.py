"""One module per command; each imports the rest of trueup only when it runs."""
