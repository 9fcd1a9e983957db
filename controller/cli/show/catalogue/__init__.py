"""What there is to declare and with what: fields of specs, providers, schemas. Rendering and documents only."""
