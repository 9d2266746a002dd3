"""HTTP as bytes on a connection; knows nothing of Lambda."""
