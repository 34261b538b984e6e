"""Guards against hanging: no test has another limit of wall time, for on a busy machine those fail without a fault."""

HANGS = 600.0  # seconds: at least ten times what anything that is waited for takes
