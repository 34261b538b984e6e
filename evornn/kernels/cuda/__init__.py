"""The CUDA backend: `backend` evaluates, `text` writes kernels in the words of `words`, `device` opens CUDA."""
