"""What is judged about parsed documents: their shape, their words, and how they fit together."""
