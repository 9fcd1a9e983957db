-- name: start
INSERT INTO runs (run, started, plan_id, spec, host, pid, status, ended, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: keep_plan
INSERT INTO run_plans (run, plan) VALUES (?, ?);

-- name: reopen
UPDATE runs SET status = 'running', ended = '', summary = '', host = ?, pid = ? WHERE run = ?;

-- name: close
UPDATE runs SET status = ?, summary = ?, ended = ? WHERE run = ?;

-- name: get
SELECT run, started, plan_id, spec, host, pid, status, ended, summary FROM runs WHERE run = ?;

-- name: latest
SELECT run, started, plan_id, spec, host, pid, status, ended, summary FROM runs ORDER BY started DESC, seq DESC LIMIT ?;

-- name: open_runs
SELECT run, started, plan_id, spec, host, pid, status, ended, summary FROM runs WHERE ended = '' ORDER BY started, seq;

-- name: plan
SELECT plan FROM run_plans WHERE run = ?;
