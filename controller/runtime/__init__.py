"""The only place that wires: clients, state, secrets and the engine come together here, and only here are references resolved."""
