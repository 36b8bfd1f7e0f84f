"""A storm over the real thing: workers killed at random, Redis and PostgreSQL restarted, a mail server in its worst mood, two beats;
then calm, and a look at whether every promise of the scan was kept.

    python -m tests.storm --kills 50 --tokens 5000 --seed 7

Everything is a real process on this machine alone. What minutes are in production are seconds here (settings.py, apps.py).
"""
