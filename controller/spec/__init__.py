"""What is wanted: reading specs, judging them all at once, and the models behind schemas and editor help."""
