"""What DuploCloud's clients request. test_duploctl.py runs the real client."""

RUNS_ON = "sqlite"
