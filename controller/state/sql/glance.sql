-- name: runs
SELECT run, started, status FROM runs ORDER BY started DESC, seq DESC LIMIT ?;

-- name: resources
SELECT DISTINCT resource FROM inventory ORDER BY resource LIMIT ?;

-- name: kinds
SELECT DISTINCT kind FROM inventory ORDER BY kind LIMIT ?;

-- name: kinds_of
SELECT DISTINCT kind FROM inventory WHERE resource = ? ORDER BY kind LIMIT ?;

-- name: keys
SELECT entity_key, label FROM inventory
WHERE resource = ? AND kind = ? AND entity_key >= ? AND entity_key < ?
ORDER BY entity_key LIMIT ?;

-- name: secrets
SELECT name FROM secrets ORDER BY name LIMIT ?;
