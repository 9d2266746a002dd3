-- Every statement that lam runs, by name. Values travel as named parameters.

-- name: get_function
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE account = :account AND region = :region AND name = :name AND number = :number;

-- name: functions_after
SELECT * FROM functions JOIN versions USING (account, region, name)
WHERE account = :account AND region = :region AND name > :after AND number = 0
ORDER BY name LIMIT :count;

-- name: all_versions_after
SELECT * FROM functions JOIN versions USING (account, region, name)
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
