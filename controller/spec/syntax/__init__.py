"""What YAML's own rules say: scalars, positions, and the words for broken syntax. Nothing here knows what a spec means."""
