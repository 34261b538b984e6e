"""What a file may say: runs, comparisons, budgets, suites of problems, as checked values."""
