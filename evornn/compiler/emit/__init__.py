"""Graph to text: statements over intrinsics, the same for all targets."""
