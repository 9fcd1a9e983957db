-- name: set
INSERT INTO secrets (name, sealed, updated_at) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at;

-- name: get
SELECT sealed FROM secrets WHERE name = ?;

-- name: all
SELECT name, sealed FROM secrets;

-- name: names
SELECT name, updated_at FROM secrets ORDER BY name;

-- name: remove
DELETE FROM secrets WHERE name = ?;
