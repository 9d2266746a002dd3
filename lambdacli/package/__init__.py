"""A folder of code as a deployment package; knows nothing of Lambda."""
