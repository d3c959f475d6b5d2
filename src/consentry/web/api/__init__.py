"""The HTTP API, `/v1`: who may call what, what is read, what is answered."""
