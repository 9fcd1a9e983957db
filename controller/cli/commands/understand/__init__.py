"""Commands that look and explain; none of them changes a target."""
