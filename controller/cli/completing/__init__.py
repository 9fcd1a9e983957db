"""What the shell offers when Tab is pressed: words of specs and state, without network, key or secret, and never an error."""
