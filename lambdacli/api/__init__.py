"""The Lambda REST API: wire form from botocore's model, one plain function per operation."""
