"""Commands that plan changes and make them."""
