"""Programs that run inside an environment, on the user's interpreter. Never imported by lam."""
