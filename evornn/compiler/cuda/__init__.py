"""The GPU as target: kernels in the same text, intrinsics of one thread."""
