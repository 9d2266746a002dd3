"""CloudFormation and SAM templates: read, and resolved as the cloud resolves them."""
