-- Every statement that lam runs, by name. Values travel as named parameters.

-- name: get_function
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE account = :account AND region = :region AND name = :name AND number = :number;

-- name: functions_after
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE account = :account AND region = :region AND name > :after AND number = 0
ORDER BY name LIMIT :count;

-- name: all_versions_after
-- Versions come first, so that their order is that of the key: nothing is sorted for a page.
SELECT * FROM versions CROSS JOIN functions USING (account, region, name)
WHERE account = :account AND region = :region AND (name, number) > (:after, :after_number)
ORDER BY name, number LIMIT :count;

-- name: versions_after
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE account = :account AND region = :region AND name = :name AND number > :after_number
ORDER BY number LIMIT :count;

-- name: all_functions
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE number = 0 ORDER BY account, region, name;

-- name: functions_of_origin
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE origin = :origin AND number = 0 ORDER BY account, region, name;

-- name: functions_with_folders
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE origin = :origin AND number = 0 AND code_sha256 IS NULL ORDER BY account, region, name;

-- name: count_functions
SELECT count(*) FROM functions;

-- name: reservations
SELECT account, region, name, reserved_concurrency FROM functions WHERE reserved_concurrency IS NOT NULL;

-- name: usage
SELECT count(*) FILTER (WHERE number = 0) AS functions, coalesce(sum(code_bytes), 0) AS bytes
FROM versions WHERE account = :account AND region = :region;

-- name: code_in_use
SELECT DISTINCT code_sha256, code_bytes FROM versions WHERE code_sha256 IS NOT NULL;

-- name: layers_in_use
SELECT DISTINCT
    coalesce(json_extract(layer.value, '$.code.sha256'), json_extract(layer.value, '$.frozen.sha256')) AS code_sha256,
    coalesce(json_extract(layer.value, '$.code.size_bytes'), json_extract(layer.value, '$.frozen.size_bytes'))
        AS code_bytes
FROM versions, json_each(versions.document, '$.layers') AS layer
WHERE coalesce(json_extract(layer.value, '$.code.sha256'), json_extract(layer.value, '$.frozen.sha256')) IS NOT NULL;

-- name: put_function
INSERT INTO functions (account, region, name, origin, tags, reserved_concurrency)
VALUES (:account, :region, :name, :origin, :tags, :reserved_concurrency)
ON CONFLICT (account, region, name) DO UPDATE SET
    origin = :origin, tags = :tags, reserved_concurrency = :reserved_concurrency;

-- name: put_version
INSERT OR REPLACE INTO versions (account, region, name, number, code_sha256, code_bytes, document)
VALUES (:account, :region, :name, :number, :code_sha256, :code_bytes, :document);

-- name: published
SELECT last_version, published FROM functions
WHERE account = :account AND region = :region AND name = :name;

-- name: set_published
UPDATE functions SET last_version = :number, published = :published
WHERE account = :account AND region = :region AND name = :name;

-- name: delete_function
DELETE FROM functions WHERE account = :account AND region = :region AND name = :name;

-- name: delete_version
DELETE FROM versions
WHERE account = :account AND region = :region AND name = :name AND number = :number;

-- name: get_alias
SELECT * FROM aliases
WHERE account = :account AND region = :region AND name = :name AND alias = :alias;

-- name: aliases_after
SELECT * FROM aliases
WHERE account = :account AND region = :region AND name = :name AND alias > :after
ORDER BY alias LIMIT :count;

-- name: put_alias
INSERT OR REPLACE INTO aliases (account, region, name, alias, document)
VALUES (:account, :region, :name, :alias, :document);

-- name: delete_alias
DELETE FROM aliases
WHERE account = :account AND region = :region AND name = :name AND alias = :alias;

-- name: get_setting
SELECT document FROM settings
WHERE account = :account AND region = :region AND name = :name AND kind = :kind AND qualifier = :qualifier;

-- name: settings_of_function
SELECT * FROM settings
WHERE account = :account AND region = :region AND name = :name AND kind = :kind ORDER BY qualifier;

-- name: settings_of_kind
SELECT * FROM settings WHERE kind = :kind ORDER BY account, region, name, qualifier;

-- name: put_setting
INSERT OR REPLACE INTO settings (account, region, name, qualifier, kind, document)
VALUES (:account, :region, :name, :qualifier, :kind, :document);

-- name: delete_setting
DELETE FROM settings
WHERE account = :account AND region = :region AND name = :name AND kind = :kind AND qualifier = :qualifier;

-- name: delete_settings_of_qualifier
DELETE FROM settings
WHERE account = :account AND region = :region AND name = :name AND qualifier = :qualifier;

-- name: get_layer_version
SELECT * FROM layer_versions
WHERE account = :account AND region = :region AND name = :name AND number = :number;

-- name: newest_layer_version
SELECT * FROM layer_versions
WHERE account = :account AND region = :region AND name = :name ORDER BY number DESC LIMIT 1;

-- name: layer_versions_before
SELECT * FROM layer_versions
WHERE account = :account AND region = :region AND name = :name AND number < :before
    AND (:runtime IS NULL OR :runtime IN (SELECT value FROM json_each(document, '$.runtimes')))
    AND (:architecture IS NULL OR :architecture IN (SELECT value FROM json_each(document, '$.architectures')))
ORDER BY number DESC LIMIT :count;

-- name: layers_after
-- The other columns of a row are those of its newest version: SQLite takes them from where the maximum is.
SELECT *, max(number) FROM layer_versions
WHERE account = :account AND region = :region AND name > :after
    AND (:runtime IS NULL OR :runtime IN (SELECT value FROM json_each(document, '$.runtimes')))
    AND (:architecture IS NULL OR :architecture IN (SELECT value FROM json_each(document, '$.architectures')))
GROUP BY name ORDER BY name LIMIT :count;

-- name: next_layer_number
INSERT INTO layers (account, region, name, last_version) VALUES (:account, :region, :name, 1)
ON CONFLICT (account, region, name) DO UPDATE SET last_version = last_version + 1
RETURNING last_version;

-- name: put_layer_version
INSERT OR REPLACE INTO layer_versions (account, region, name, number, code_sha256, code_bytes, document)
VALUES (:account, :region, :name, :number, :code_sha256, :code_bytes, :document);

-- name: delete_layer_version
DELETE FROM layer_versions
WHERE account = :account AND region = :region AND name = :name AND number = :number;

-- name: layer_code_in_use
SELECT DISTINCT code_sha256, code_bytes FROM layer_versions;

-- name: layer_bytes
SELECT coalesce(sum(code_bytes), 0) AS bytes FROM layer_versions WHERE account = :account AND region = :region;

-- name: get_mapping
SELECT * FROM event_source_mappings WHERE account = :account AND region = :region AND uuid = :uuid;

-- name: mappings_after
SELECT * FROM event_source_mappings
WHERE account = :account AND region = :region AND uuid > :after
    AND (:source_arn IS NULL OR source_arn = :source_arn)
ORDER BY uuid LIMIT :count;

-- name: mappings_of_function
-- Left to itself SQLite takes the primary key, and looks through all of a region.
SELECT * FROM event_source_mappings INDEXED BY event_source_mappings_of_function
WHERE account = :account AND region = :region AND name = :name ORDER BY uuid;

-- name: all_mappings
SELECT * FROM event_source_mappings ORDER BY account, region, uuid;

-- name: put_mapping
INSERT OR REPLACE INTO event_source_mappings (account, region, uuid, name, qualifier, source_arn, document)
VALUES (:account, :region, :uuid, :name, :qualifier, :source_arn, :document);

-- name: delete_mapping
DELETE FROM event_source_mappings WHERE account = :account AND region = :region AND uuid = :uuid;

-- name: checkpoints_of_mapping
SELECT * FROM checkpoints WHERE account = :account AND region = :region AND uuid = :uuid ORDER BY shard;

-- name: put_checkpoint
INSERT OR REPLACE INTO checkpoints (account, region, uuid, shard, document)
VALUES (:account, :region, :uuid, :shard, :document);

-- name: delete_checkpoints
DELETE FROM checkpoints WHERE account = :account AND region = :region AND uuid = :uuid;

-- name: get_code_signing_config
SELECT * FROM code_signing_configs WHERE account = :account AND region = :region AND id = :id;

-- name: code_signing_configs_after
SELECT * FROM code_signing_configs
WHERE account = :account AND region = :region AND id > :after ORDER BY id LIMIT :count;

-- name: put_code_signing_config
INSERT OR REPLACE INTO code_signing_configs (account, region, id, document)
VALUES (:account, :region, :id, :document);

-- name: delete_code_signing_config
DELETE FROM code_signing_configs WHERE account = :account AND region = :region AND id = :id;

-- name: event_lanes
SELECT * FROM event_lanes ORDER BY lane;

-- name: make_event_lane
INSERT INTO event_lanes (account, region, name, qualifier) VALUES (:account, :region, :name, :qualifier)
RETURNING lane;

-- name: last_event_numbers
SELECT
    coalesce((SELECT max(number) FROM events), 0) AS waiting,
    coalesce((SELECT max(number) FROM events_history), 0) AS finished,
    coalesce((SELECT max(place) FROM events_history), 0) AS place,
    coalesce((SELECT bytes_so_far FROM events_history ORDER BY place DESC LIMIT 1), 0) AS bytes_so_far;

-- name: reclaim_events
UPDATE events SET state = :after, due_at = :now WHERE lane = :lane AND state = :state;

-- name: count_events
SELECT count(*) FROM events WHERE lane = :lane AND state = :state;

-- name: accept_event
INSERT INTO events (number, lane, state, due_at, request_id, trace_id, accepted_at, attempts, refusals, payload)
VALUES (:number, :lane, :state, :due_at, :request_id, :trace_id, :accepted_at, :attempts, :refusals, :payload);

-- name: claim_events
UPDATE events SET state = :after WHERE number IN (
    SELECT number FROM events WHERE lane = :lane AND state = :state AND due_at <= :now
    ORDER BY due_at, number LIMIT :count
) RETURNING *;

-- name: next_due
SELECT min(due_at) FROM events WHERE lane = :lane AND state = :state;

-- name: due_events
SELECT * FROM events WHERE lane = :lane AND state = :state AND due_at <= :now
ORDER BY due_at, number LIMIT :count;

-- name: retry_event
UPDATE events SET state = :after, due_at = :due_at, attempts = :attempts, refusals = :refusals
WHERE number = :number AND state = :state;

-- name: finish_event
UPDATE events SET
    state = :after, due_at = :due_at, attempts = :attempts, refusals = :refusals, ending = :ending, answer = :answer
WHERE number = :number AND state = :state;

-- name: delete_event
DELETE FROM events WHERE number = :number AND state = :state;

-- name: put_history
INSERT INTO events_history (place, number, lane, finished_at, bytes_so_far, request_id, trace_id, accepted_at,
    attempts, refusals, delivery_error, ending, payload, answer)
VALUES (:place, :number, :lane, :finished_at, :bytes_so_far, :request_id, :trace_id, :accepted_at,
    :attempts, :refusals, :delivery_error, :ending, :payload, :answer);

-- name: trim_history
DELETE FROM events_history WHERE place IN (SELECT place FROM events_history ORDER BY place LIMIT :at_once)
    AND (place <= :place OR finished_at < :finished_at OR bytes_so_far <= :bytes_so_far)
RETURNING number;

-- name: put_attempt
INSERT INTO event_attempts (number, ordinal, document) VALUES (
    :number, 1 + coalesce((SELECT max(ordinal) FROM event_attempts WHERE number = :number), 0), :document);

-- name: attempts_of
SELECT document FROM event_attempts WHERE number = :number ORDER BY ordinal;

-- name: delete_attempts
DELETE FROM event_attempts WHERE number = :number;

-- name: get_event
SELECT * FROM events WHERE number = :number;

-- name: find_event
SELECT * FROM events JOIN event_lanes USING (lane) WHERE request_id = :request_id LIMIT 1;

-- name: find_finished
SELECT * FROM events_history JOIN event_lanes USING (lane) WHERE request_id = :request_id
ORDER BY place DESC LIMIT 1;

-- name: ids_beginning
SELECT request_id FROM events WHERE substr(request_id, 1, length(:beginning)) = :beginning
UNION SELECT request_id FROM events_history WHERE substr(request_id, 1, length(:beginning)) = :beginning
LIMIT :count;

-- name: finished_after
SELECT place, request_id, ending FROM events_history WHERE place > :place ORDER BY place LIMIT :count;

-- name: oldest_event
SELECT accepted_at FROM events WHERE number = (SELECT min(number) FROM events INDEXED BY events_due WHERE lane = :lane);

-- name: due_now
UPDATE events SET due_at = min(due_at, :now) WHERE number = :number AND state IN ('queued', 'delivering');

-- name: some_of_lane
SELECT number, state FROM events WHERE lane = :lane AND state IN ('queued', 'delivering') LIMIT :count;

-- name: add_metric
INSERT INTO metrics (account, region, name, minute, version, metric, total, count, least, most)
VALUES (:account, :region, :name, :minute, :version, :metric, :total, :count, :least, :most)
ON CONFLICT (account, region, name, minute, version, metric) DO UPDATE SET
    total = total + excluded.total,
    count = count + excluded.count,
    least = min(least, excluded.least),
    most = max(most, excluded.most);

-- name: metrics_since
SELECT * FROM metrics
WHERE account = :account AND region = :region AND name = :name AND minute >= :minute
ORDER BY minute, version, metric;

-- name: forget_metrics_before
DELETE FROM metrics WHERE minute < :minute;

-- name: put_captured
INSERT INTO captured_events (account, region, name, request_id, document, payload)
VALUES (:account, :region, :name, :request_id, :document, :payload);

-- name: delete_captured
DELETE FROM captured_events
WHERE account = :account AND region = :region AND name = :name AND request_id = :request_id;

-- name: trim_captured
DELETE FROM captured_events
WHERE account = :account AND region = :region AND name = :name AND place <= (
    SELECT place FROM captured_events
    WHERE account = :account AND region = :region AND name = :name
    ORDER BY place DESC LIMIT 1 OFFSET :kept
);

-- name: captured_of_function
SELECT * FROM captured_events
WHERE account = :account AND region = :region AND name = :name
ORDER BY place DESC;

-- name: captured_by_id
SELECT * FROM captured_events WHERE request_id >= :first AND request_id < :after ORDER BY request_id LIMIT 20;

-- name: captured_of_all
SELECT * FROM captured_events ORDER BY place DESC LIMIT :count;
