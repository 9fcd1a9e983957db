"""Commands about what is written down: specs, schemas, providers."""
