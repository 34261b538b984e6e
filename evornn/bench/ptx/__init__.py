"""Reading compiled GPU kernels without a GPU: forbidden instructions, registers, spills, occupancy."""
