-- name: get
SELECT resource, identity, first_contact, initialised, last_run, spec, document FROM targets WHERE resource = ?;

-- name: all
SELECT resource, identity, first_contact, initialised, last_run, spec, document FROM targets ORDER BY resource;

-- name: meet
INSERT INTO targets (resource, identity, first_contact) VALUES (?, ?, ?)
ON CONFLICT (resource) DO UPDATE SET
    identity = CASE WHEN targets.identity = '' THEN excluded.identity ELSE targets.identity END,
    first_contact = CASE WHEN targets.first_contact = '' THEN excluded.first_contact ELSE targets.first_contact END;

-- name: applied
INSERT INTO targets (resource, initialised, last_run, spec, document) VALUES (?, 1, ?, ?, ?)
ON CONFLICT (resource) DO UPDATE SET
    initialised = 1, last_run = excluded.last_run, spec = excluded.spec, document = excluded.document;

-- name: read
INSERT INTO reads (subject, kind, entities, read_at) VALUES (?, ?, ?, ?)
ON CONFLICT (subject, kind) DO UPDATE SET entities = excluded.entities, read_at = excluded.read_at;

-- name: last_reads
SELECT subject, kind, entities, read_at FROM reads WHERE subject = ? ORDER BY kind;

-- name: forget
DELETE FROM targets WHERE resource = ?;

-- name: forget_reads
DELETE FROM reads WHERE subject = ?;

-- name: protect
INSERT INTO protections (resource, pattern, kind, since) VALUES (?, ?, ?, ?) ON CONFLICT (resource, pattern, kind) DO NOTHING;

-- name: protections
SELECT resource, pattern, kind, since FROM protections ORDER BY resource, kind, pattern;

-- name: release
DELETE FROM protections WHERE resource = ? AND pattern = ?;

-- name: refuse_login
INSERT INTO refused_logins (login, refused_at) VALUES (?, ?) ON CONFLICT (login) DO UPDATE SET refused_at = excluded.refused_at;

-- name: refused_login
SELECT refused_at FROM refused_logins WHERE login = ? AND refused_at > ?;

-- name: accept_login
DELETE FROM refused_logins WHERE login = ?;
