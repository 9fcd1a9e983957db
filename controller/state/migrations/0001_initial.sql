-- Texts, integers and blobs only, so that the same shape serves PostgreSQL. Times are UTC texts that sort as times do.

CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY,
    applied_at TEXT NOT NULL
);

CREATE TABLE workspace (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE inventory (
    resource TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity_key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'owned')),
    tombstone INTEGER NOT NULL DEFAULT 0,
    only_existing INTEGER NOT NULL DEFAULT 0,
    remote_id TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    label TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL DEFAULT '{}',
    managed TEXT,
    source TEXT NOT NULL DEFAULT '',
    record TEXT NOT NULL DEFAULT '',
    also TEXT NOT NULL DEFAULT '',
    run TEXT NOT NULL DEFAULT '',
    written_at TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (resource, kind, entity_key)
);

-- Covers Inventory.index: a plan asks for every key, and the rows themselves are long.
CREATE INDEX inventory_status ON inventory (resource, kind, entity_key, status, tombstone);

CREATE INDEX inventory_record ON inventory (resource, source, record);

-- seq tells which of two runs within one second came first.
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    started TEXT NOT NULL,
    plan_id TEXT NOT NULL DEFAULT '',
    spec TEXT NOT NULL DEFAULT '',
    host TEXT NOT NULL DEFAULT '',
    pid INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL,
    ended TEXT NOT NULL DEFAULT '',
    summary TEXT NOT NULL DEFAULT ''
);

CREATE INDEX runs_started ON runs (started);

CREATE TABLE run_plans (
    run TEXT NOT NULL PRIMARY KEY,
    plan BLOB NOT NULL
);

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    change_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity_key TEXT NOT NULL,
    action TEXT NOT NULL,
    after_fingerprint TEXT NOT NULL DEFAULT '',
    before_image BLOB NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT NOT NULL DEFAULT ''
);

CREATE INDEX journal_change ON journal (run, change_id);

CREATE INDEX journal_open ON journal (ended_at, seq);

CREATE TABLE outcomes (
    run TEXT NOT NULL,
    change_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity_key TEXT NOT NULL,
    action TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    code TEXT NOT NULL DEFAULT '',
    label TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    effect TEXT NOT NULL DEFAULT 'none',
    attempts INTEGER NOT NULL DEFAULT 1,
    seconds REAL NOT NULL DEFAULT 0,
    effect_class TEXT NOT NULL DEFAULT 'neutral',
    ended_at TEXT NOT NULL,
    PRIMARY KEY (run, change_id)
);

CREATE INDEX outcomes_budget ON outcomes (resource, ended_at);

CREATE TABLE targets (
    resource TEXT NOT NULL PRIMARY KEY,
    identity TEXT NOT NULL DEFAULT '',
    first_contact TEXT NOT NULL DEFAULT '',
    initialised INTEGER NOT NULL DEFAULT 0,
    last_run TEXT NOT NULL DEFAULT '',
    spec TEXT NOT NULL DEFAULT '',
    document TEXT NOT NULL DEFAULT '',
    origins TEXT NOT NULL DEFAULT ''
);

-- The last complete read of a kind at a target, or of a source (kind empty).
CREATE TABLE reads (
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    entities INTEGER NOT NULL,
    read_at TEXT NOT NULL,
    PRIMARY KEY (subject, kind)
);

-- Logins that a system refused, by a keyed fingerprint of where, who and with which password.
CREATE TABLE refused_logins (
    login TEXT NOT NULL PRIMARY KEY,
    refused_at TEXT NOT NULL
);

CREATE TABLE protections (
    resource TEXT NOT NULL,
    pattern TEXT NOT NULL,
    kind TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (resource, pattern, kind)
);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    happened_at TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    severity TEXT NOT NULL,
    run TEXT NOT NULL DEFAULT ''
);

CREATE INDEX events_time ON events (happened_at);

CREATE TABLE conditions (
    resource TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    observed_generation TEXT NOT NULL DEFAULT '',
    last_transition TEXT NOT NULL,
    PRIMARY KEY (resource, type)
);

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    updated_at TEXT NOT NULL
);

-- The row stays when the lease is released: the fencing number only ever grows.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    fencing INTEGER NOT NULL,
    holder TEXT NOT NULL,
    host TEXT NOT NULL,
    node TEXT NOT NULL,
    pid INTEGER NOT NULL,
    acquired_at TEXT NOT NULL,
    expires_at REAL NOT NULL,
    account TEXT NOT NULL DEFAULT '',
    doing TEXT NOT NULL DEFAULT ''
);

-- What is to be told to others, and what others told us; kept until it is dealt with.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL DEFAULT '',
    done_at TEXT NOT NULL DEFAULT ''
);

CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    delivery TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at TEXT NOT NULL,
    done_at TEXT NOT NULL DEFAULT '',
    UNIQUE (origin, delivery)
);
