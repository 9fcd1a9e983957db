-- Looking back. An empty filter lets everything pass; patterns are LIKE patterns, made in controller/state/tables/past.py.

-- name: find
SELECT run FROM runs WHERE run LIKE ? ESCAPE '\' ORDER BY started DESC, seq DESC LIMIT ?;

-- name: runs
SELECT run, started, plan_id, spec, host, pid, status, ended, summary
FROM runs
WHERE started >= :since
  AND (:status = '' OR status = :status)
  AND (:resource = '' OR run IN (
        SELECT run FROM outcomes
        WHERE resource LIKE :resource ESCAPE '\' AND (:kind = '' OR kind LIKE :kind ESCAPE '\')
          AND (:key = '' OR entity_key LIKE :key ESCAPE '\')))
  AND (:among = '' OR run IN (SELECT run FROM outcomes WHERE resource IN (SELECT value FROM json_each(NULLIF(:among, '')))))
ORDER BY started DESC, seq DESC
LIMIT :n;

-- name: counts
SELECT run, resource, status, COUNT(*)
FROM outcomes
WHERE run IN (SELECT value FROM json_each(:runs))
GROUP BY run, resource, status
ORDER BY run, resource, status;

-- name: ended
SELECT change_id, resource, kind, entity_key, action, status, message, code, label, subject, effect, attempts, seconds, effect_class,
       ended_at
FROM outcomes
WHERE run = ?
ORDER BY ended_at, resource, kind, entity_key, change_id;

-- name: begun
SELECT change_id, resource, kind, entity_key, action, after_fingerprint, before_image, run, began_at
FROM journal
WHERE run = ?
ORDER BY seq;

-- name: begun_one
SELECT change_id, resource, kind, entity_key, action, after_fingerprint, before_image, run, began_at
FROM journal
WHERE run = ? AND change_id = ?
ORDER BY seq
LIMIT 1;

-- name: newest_event
SELECT COALESCE(MAX(seq), 0) FROM events;

-- The newest of what is asked for, told in the order in which it happened.
-- name: events
SELECT seq, happened_at, type, subject, message, severity, run
FROM (
    SELECT seq, happened_at, type, subject, message, severity, run
    FROM events
    WHERE seq > :after AND happened_at >= :since
      AND (:subject = '' OR subject LIKE :subject ESCAPE '\' OR subject LIKE :subject || ':%' ESCAPE '\')
      AND (:among = '' OR EXISTS (
            SELECT 1 FROM json_each(NULLIF(:among, ''))
            WHERE subject = value OR substr(subject, 1, length(value) + 1) = value || ':'))
      AND (:type = '' OR type = :type OR substr(type, 1, length(:type) + 1) = :type || '.')
      AND (:run = '' OR run = :run)
      AND severity IN (SELECT value FROM json_each(:severities))
    ORDER BY seq DESC
    LIMIT :n
) AS newest
ORDER BY seq;
