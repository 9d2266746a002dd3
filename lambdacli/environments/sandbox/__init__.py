"""The walls round an environment's processes; one module per kind of wall."""
