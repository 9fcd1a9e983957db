"""What should be: sources read, records selected, wishes built and fitted to what a target can hold."""
