"""Who invokes functions from outside: function URLs, HTTP APIs and what stands in front of them."""
