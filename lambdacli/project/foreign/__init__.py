"""Projects that other tools describe, read as CloudFormation templates."""
