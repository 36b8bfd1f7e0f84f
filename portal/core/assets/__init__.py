"""The style sheet and scripts that every page loads, joined from small files (bundles.py), and the icons in them (icons.py)."""
