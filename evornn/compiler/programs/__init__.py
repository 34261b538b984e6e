"""Texts of whole kernels: episodes, backpropagation, single functions."""
