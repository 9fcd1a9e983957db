"""How the state and its surroundings are shown: findings, holdings, leases, backups. Text and JSON, nothing is looked up here."""
