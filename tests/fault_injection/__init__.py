"""Fault injection with real processes: workers killed at random, Redis and PostgreSQL restarted, a failing mail server, two beats. Then
the faults end, and it is checked whether every promise of the scan and of the outbox was kept.

    python -m tests.fault_injection --kills 50 --tokens 5000 --seed 7

Everything is a real process on this machine alone. What takes minutes in production takes seconds here (settings.py, apps.py).
"""
