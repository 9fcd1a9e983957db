"""How what happened is shown: runs, one run, events, and the difference of two runs."""
