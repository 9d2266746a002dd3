"""From the resources of a template to what a project has."""
