RUNS_ON = "postgres"
