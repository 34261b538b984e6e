"""Reading compiled GPU kernels without a GPU: resources, occupancy, what a step costs, and a bound on its speed."""
