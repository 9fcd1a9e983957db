-- name: add
INSERT INTO events (happened_at, type, subject, message, severity, run) VALUES (?, ?, ?, ?, ?, ?);

-- name: latest
SELECT happened_at, type, subject, message, severity, run
FROM events
WHERE (:type = '' OR type = :type) AND (:subject = '' OR subject = :subject)
ORDER BY seq DESC
LIMIT :n;

-- name: set
INSERT INTO conditions (resource, type, status, reason, message, observed_generation, last_transition) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (resource, type) DO UPDATE SET
    last_transition = CASE WHEN conditions.status = excluded.status THEN conditions.last_transition ELSE excluded.last_transition END,
    status = excluded.status, reason = excluded.reason, message = excluded.message,
    observed_generation = excluded.observed_generation;

-- name: of
SELECT resource, type, status, reason, message, observed_generation, last_transition FROM conditions WHERE resource = ? ORDER BY type;

-- name: all
SELECT resource, type, status, reason, message, observed_generation, last_transition FROM conditions ORDER BY resource, type;

-- name: forget
DELETE FROM conditions WHERE resource = ?;
