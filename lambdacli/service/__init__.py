"""The background service: builds every part, serves, drains, closes. Nothing imports this room."""
