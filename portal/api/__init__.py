"""The HTTP API. JSON in and out; the rules are those of the apps' services."""
