"""Plans as values: made, ordered, limited, signed, read again."""
