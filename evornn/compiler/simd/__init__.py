"""The CPU as target: vectors of lanes and their intrinsics, as LLVM instructions."""
