"""The parts of the scan; `tokens.expiry` puts them together."""
