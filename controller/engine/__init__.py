"""The verbs: gather, desired, compare, plan, apply, recover. Nothing here resolves a secret, opens a socket, or prints."""
