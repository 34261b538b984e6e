"""Specialization of a kernel: precision, lanes and layout, and how it is entered. Light: importing this does not import
Numba.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shape:
    """What intrinsics are bound to. lanes: values in a pack; jobs: individuals side by side ("units" only); strides in
    elements.
    """

    precision: str
    lanes: int
    layout: str
    jobs: int = 1
    weight_stride: int = 0
    scratch_stride: int = 0

    @property
    def bits(self) -> int:
        """Bits of a float."""
        return {"float32": 32, "float64": 64}[self.precision]

    @property
    def group(self) -> int:
        """Units in a pack of the "units" layout; 1 element otherwise."""
        return self.lanes // self.jobs if self.layout == "units" else 1

    def with_strides(self, weights: int, scratch: int) -> Shape:
        """The same with the distances between side-by-side individuals' weights and scratch."""
        return replace(self, weight_stride=weights, scratch_stride=scratch)


ENTRY = "evornn_entry"  # what the object code of every kernel calls its entry
OTHER_KINDS = -1  # what it returns for arguments that it is not compiled for; 0: it has run
Kinds = tuple[tuple[str, int], ...]  # of arguments: letter of the number type and dimensions; ("", 0): a whole number
