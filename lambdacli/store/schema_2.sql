-- How a function's environments are held: what lam.yaml says of freezing, templates, CPU time and network.

ALTER TABLE functions ADD COLUMN freezes       INTEGER NOT NULL DEFAULT 1;
ALTER TABLE functions ADD COLUMN preloads      INTEGER NOT NULL DEFAULT 1;
ALTER TABLE functions ADD COLUMN has_cpu_share INTEGER NOT NULL DEFAULT 1;
ALTER TABLE functions ADD COLUMN network       TEXT    NOT NULL DEFAULT 'host';
