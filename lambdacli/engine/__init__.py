"""What happens to an invocation: routing, concurrency, outcome. Pure rules beside one performer."""
