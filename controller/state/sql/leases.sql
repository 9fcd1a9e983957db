-- name: get
SELECT fencing, holder, host, node, pid, acquired_at, expires_at, account, doing FROM leases WHERE name = ?;

-- name: take
INSERT INTO leases (name, fencing, holder, host, node, pid, acquired_at, expires_at, account, doing)
VALUES (:name, 1, :holder, :host, :node, :pid, :acquired_at, :expires_at, :account, :doing)
ON CONFLICT (name) DO UPDATE SET
    fencing = leases.fencing + 1, holder = excluded.holder, host = excluded.host, node = excluded.node, pid = excluded.pid,
    acquired_at = excluded.acquired_at, expires_at = excluded.expires_at, account = excluded.account, doing = excluded.doing;

-- name: renew
UPDATE leases SET expires_at = :expires_at WHERE name = :name AND holder = :holder AND fencing = :fencing;

-- name: release
UPDATE leases SET holder = '', expires_at = 0 WHERE name = :name AND holder = :holder AND fencing = :fencing;

-- name: holds
SELECT 1 FROM leases WHERE name = :name AND holder = :holder AND fencing = :fencing;

-- The number grows, so that whoever held it finds at the next look that it is theirs no more.
-- name: take_away
UPDATE leases SET fencing = fencing + 1, holder = '', expires_at = 0 WHERE name = ? AND fencing = ?;
