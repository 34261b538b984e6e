"""A comparison in other programs' formats: `ioh` writes IOHprofiler data, for IOHanalyzer."""
