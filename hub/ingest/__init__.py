"""From a request to a recorded run: find the endpoint, verify, unpack, validate, record."""
