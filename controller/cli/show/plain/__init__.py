"""The JSON outputs of small commands: names of secrets, protections, the version, simulators."""
