"""Networks that recall stored patterns from parts of them: `hopfield`, `bam`; `patterns` is what they store."""

TITLE = "associative"
