-- name: begin
INSERT INTO journal (run, change_id, resource, kind, entity_key, action, after_fingerprint, before_image, began_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: finish
UPDATE journal SET ended_at = ? WHERE run = ? AND change_id = ? AND ended_at = '';

-- name: outcome
INSERT INTO outcomes (run, change_id, resource, kind, entity_key, action, status, message, code, label, subject, effect, attempts, seconds,
                      effect_class, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, change_id) DO UPDATE SET
    status = excluded.status, message = excluded.message, code = excluded.code, effect = excluded.effect,
    attempts = excluded.attempts, seconds = excluded.seconds, effect_class = excluded.effect_class, ended_at = excluded.ended_at;

-- name: unfinished
SELECT change_id, resource, kind, entity_key, action, after_fingerprint, before_image, run, began_at
FROM journal
WHERE ended_at = ''
ORDER BY seq;

-- name: of_run
SELECT change_id, resource, kind, entity_key, action, status, message, code, label, subject, effect, attempts, seconds
FROM outcomes
WHERE run = ?
ORDER BY ended_at, resource, kind, entity_key, change_id;

-- name: effects_since
SELECT effect_class, COUNT(*)
FROM outcomes
WHERE resource = ? AND ended_at >= ? AND effect <> 'none'
  AND run NOT IN (SELECT run FROM runs WHERE plan_id = ? AND plan_id <> '')
GROUP BY effect_class;
