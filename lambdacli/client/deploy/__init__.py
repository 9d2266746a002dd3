"""Deploying: reads what is there, and does the steps of a plan, at AWS or at a Lambda service nearby."""
