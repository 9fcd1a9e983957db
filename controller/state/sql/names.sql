-- A resource counts as known when something is owned there, or when a run brought it into order.
-- name: known
SELECT EXISTS (SELECT 1 FROM inventory WHERE resource = :name)
    OR EXISTS (SELECT 1 FROM targets WHERE resource = :name AND initialised = 1);

-- name: unfinished
SELECT COUNT(*) FROM journal WHERE ended_at = '' AND resource = :name;

-- What a mere look remembered under the new name gives way.
-- name: clear_targets
DELETE FROM targets WHERE resource = :new;

-- name: clear_reads
DELETE FROM reads WHERE subject = :new;

-- name: clear_conditions
DELETE FROM conditions WHERE resource = :new;

-- name: clear_protections
DELETE FROM protections WHERE resource = :old AND EXISTS (
    SELECT 1 FROM protections AS there
    WHERE there.resource = :new AND there.pattern = protections.pattern AND there.kind = protections.kind
);

-- name: inventory
UPDATE inventory SET resource = :new WHERE resource = :old;

-- The document is the spec under its old name; the next apply writes it anew.
-- name: targets
UPDATE targets SET resource = :new, document = '' WHERE resource = :old;

-- name: reads
UPDATE reads SET subject = :new WHERE subject = :old;

-- name: conditions
UPDATE conditions SET resource = :new WHERE resource = :old;

-- name: protections
UPDATE protections SET resource = :new WHERE resource = :old;

-- Budgets of 24 hours are counted from outcomes: a new name must not be a new budget.
-- name: outcomes
UPDATE outcomes SET resource = :new WHERE resource = :old;

-- What was begun and has not ended is looked up under the new name.
-- name: journal
UPDATE journal SET resource = :new WHERE resource = :old AND ended_at = '';

-- name: entity
UPDATE inventory SET entity_key = :new, remote_id = CASE WHEN remote_id = :old THEN '' ELSE remote_id END
WHERE resource = :resource AND kind = :kind AND entity_key = :old;

-- name: subjects
UPDATE inventory SET subject = :new WHERE resource = :resource AND subject = :old AND kind <> :kind;
