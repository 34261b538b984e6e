"""Networks in continuous time, integrated in steps: `ctrnn`."""

TITLE = "continuous time"
