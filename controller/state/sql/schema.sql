-- name: has_version
SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version';

-- name: version
SELECT MAX(version) FROM schema_version;

-- name: set_version
INSERT INTO schema_version (version, applied_at) VALUES (?, ?);

-- name: get
SELECT value FROM workspace WHERE name = ?;

-- name: put
INSERT INTO workspace (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING;

-- name: change
INSERT INTO workspace (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
