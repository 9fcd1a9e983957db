"""How a dump and an import are told: formats, documents and sentences."""
