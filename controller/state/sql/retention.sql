-- name: runs
DELETE FROM runs
WHERE ended <> '' AND started < :before
  AND run NOT IN (SELECT run FROM runs ORDER BY started DESC, seq DESC LIMIT :keep)
  AND run NOT IN (SELECT run FROM journal WHERE ended_at = '');

-- name: run_plans
DELETE FROM run_plans WHERE run NOT IN (SELECT run FROM runs);

-- name: journal
DELETE FROM journal WHERE ended_at <> '' AND began_at < :before AND run NOT IN (SELECT run FROM runs);

-- name: outcomes
DELETE FROM outcomes WHERE ended_at < :budget AND run NOT IN (SELECT run FROM runs);

-- name: events
DELETE FROM events
WHERE happened_at < :before AND seq NOT IN (SELECT seq FROM events ORDER BY seq DESC LIMIT :keep);

-- name: outbox
DELETE FROM outbox WHERE done_at <> '' AND done_at < :before;

-- name: inbox
DELETE FROM inbox WHERE done_at <> '' AND done_at < :before;
