"""The developer's folder: lam.yaml, templates, packages, file changes. No network."""
