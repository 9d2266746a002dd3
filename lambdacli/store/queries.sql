-- Every statement that lam runs, by name. Rows travel as named parameters.

-- name: all_functions
SELECT * FROM functions;

-- name: put_function
INSERT OR REPLACE INTO functions (
    account, region, name, runtime, handler, role, code_folder, code_sha256, code_size_bytes, origin,
    revision_id, last_modified, description, memory_mb, timeout_seconds, ephemeral_storage_mb, architecture,
    variables, tags, layers, reserved_concurrency, virtual_environment, state, freezes,
    preloads, has_cpu_share, network
) VALUES (
    :account, :region, :name, :runtime, :handler, :role, :code_folder, :code_sha256, :code_size_bytes, :origin,
    :revision_id, :last_modified, :description, :memory_mb, :timeout_seconds, :ephemeral_storage_mb,
    :architecture, :variables, :tags, :layers, :reserved_concurrency, :virtual_environment, :state,
    :freezes, :preloads, :has_cpu_share, :network
);

-- name: delete_function
DELETE FROM functions WHERE account = :account AND region = :region AND name = :name;
