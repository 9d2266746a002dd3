"""From a function's sources to what AWS would be sent: one module per way of building."""
