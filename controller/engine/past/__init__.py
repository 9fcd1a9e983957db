"""Looking back: which runs there were, what they did, in what two of them differ, and the plan that returns what one changed."""
