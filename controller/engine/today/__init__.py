"""What is declared as of now: resources that records make, names that changed, and who waits for whom."""
