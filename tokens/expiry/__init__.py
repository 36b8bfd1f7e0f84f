"""The parts of the scan; `tokens.expiry.scan` puts them together."""
