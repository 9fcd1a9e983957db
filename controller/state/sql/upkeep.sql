-- name: size
SELECT COUNT(DISTINCT resource), COUNT(*) FROM inventory;

-- name: pending
SELECT resource, COUNT(*) FROM inventory
WHERE status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM journal
    WHERE journal.resource = inventory.resource AND journal.kind = inventory.kind AND journal.entity_key = inventory.entity_key
      AND journal.ended_at = ''
)
GROUP BY resource
ORDER BY resource;

-- name: unfinished
SELECT resource, COUNT(*), MIN(began_at) FROM journal WHERE ended_at = '' GROUP BY resource ORDER BY resource;

-- name: open_runs
SELECT run, started, host, pid FROM runs WHERE ended = '' ORDER BY started, run;

-- name: inventory
SELECT resource, COUNT(*) FROM inventory GROUP BY resource ORDER BY resource;

-- name: newest
SELECT MAX(moment) FROM (
    SELECT MAX(happened_at) AS moment FROM events
    UNION ALL SELECT MAX(started) FROM runs
    UNION ALL SELECT MAX(read_at) FROM reads
);

-- name: lease
SELECT fencing, holder, host, node, pid, acquired_at, expires_at, account, doing FROM leases WHERE name = 'apply';

-- name: secrets
SELECT name, sealed FROM secrets ORDER BY name;

-- name: reseal_secret
UPDATE secrets SET sealed = ? WHERE name = ?;

-- name: images
SELECT seq, run, change_id, before_image FROM journal WHERE seq > ? AND length(before_image) > 0 ORDER BY seq LIMIT ?;

-- name: reseal_image
UPDATE journal SET before_image = ? WHERE seq = ?;

-- What was loaned out in the copy is nobody's any more; the number must pass every one that was ever given out.
-- name: free_leases
UPDATE leases SET holder = '', expires_at = 0, fencing = MAX(fencing, :fencing) + 1;

-- name: holdings
SELECT resource, kind, status, tombstone, COUNT(*)
FROM inventory
GROUP BY resource, kind, status, tombstone
ORDER BY resource, kind;

-- name: end_entry
UPDATE journal SET ended_at = :now
WHERE ended_at = '' AND resource = :resource AND (:kind = '' OR (kind = :kind AND entity_key = :key));

-- name: forget_entity
DELETE FROM inventory WHERE resource = ? AND kind = ? AND entity_key = ?;

-- name: forget_targets
DELETE FROM targets WHERE resource = ?;

-- name: forget_reads
DELETE FROM reads WHERE subject = ?;

-- name: forget_conditions
DELETE FROM conditions WHERE resource = ?;

-- name: forget_protections
DELETE FROM protections WHERE resource = ?;

-- name: event
INSERT INTO events (happened_at, type, subject, message, severity, run) VALUES (?, ?, ?, ?, ?, '');

-- name: machines
SELECT host FROM runs UNION SELECT host FROM leases;

-- name: accounts
SELECT account FROM leases;
