-- name: mark
SELECT origins FROM targets WHERE resource = ?;

-- name: rows
SELECT entity_key, source, record, also FROM inventory WHERE resource = ? AND kind = ?;

-- name: move
UPDATE inventory SET source = ?, record = ?, also = ? WHERE resource = ? AND kind = ? AND entity_key = ?;

-- name: settled
INSERT INTO targets (resource, origins) VALUES (?, ?)
ON CONFLICT (resource) DO UPDATE SET origins = excluded.origins;

-- name: doubt
UPDATE targets SET origins = '' WHERE resource = ? AND origins <> ?;
