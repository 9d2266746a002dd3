"""One module per noun of the Lambda API; operations are found by their names."""
