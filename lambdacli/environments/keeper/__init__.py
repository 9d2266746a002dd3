"""The program that starts environments, and guards them. It runs beside the service, never in it.

Standard library only, Python 3.8 syntax: parts of it run on users' interpreters too (as templates)."""
