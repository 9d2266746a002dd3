"""The part of the CloudWatch Logs API that functions' own logs can answer."""
