"""The processes that are measured: ours, the floors and the peer. Each prints one JSON object."""
