"""The nouns of trueup: plain values on the standard library and msgspec. Nothing here reads, writes, or knows a provider."""
