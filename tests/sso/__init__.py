RUNS_ON = "sqlite"
