"""Kernels round a simulation: weights into the order that it reads, and sums over episodes."""

from __future__ import annotations

from evornn.compiler.cuda.device import cuda, kernel

THREADS = 128


@kernel(THREADS)
def arrange(values, order, by_gene, weights):  # type: ignore[no-untyped-def]
    """weights <- values [P, D] in stored `order` [D'] (-1: zero): as [D', P] if by_gene, else [P, D']."""
    individuals, genes = len(values), len(order)
    for k in range(cuda.grid(1), individuals * genes, cuda.gridsize(1)):
        member = k % individuals if by_gene else k // genes
        source = order[k // individuals if by_gene else k % genes]
        if source >= 0:
            weights[k] = values[member, source]
        else:
            weights[k] = 0


@kernel(THREADS)
def summarise(out, sums, counts):  # type: ignore[no-untyped-def]
    """out [3, E, P] (fitness, steps, failed) -> sums [2, P]: the fitness's sum and what rounding dropped (Knuth 1969,
    two-sum; Kahan 1965); counts [2, P]: steps, failed episodes. Always in the order of episodes.
    """
    for member in range(cuda.grid(1), out.shape[2], cuda.gridsize(1)):
        total, lost = out[0, 0, member], out[2, 0, member] - out[2, 0, member]
        steps, failed = int(out[1, 0, member]), int(out[2, 0, member])
        for episode in range(1, out.shape[1]):
            value = out[0, episode, member]
            new = total + value
            old = new - value
            lost += (total - old) + (value - (new - old))
            total = new
            steps += int(out[1, episode, member])
            failed += int(out[2, episode, member])
        sums[0, member], sums[1, member] = total, lost
        counts[0, member], counts[1, member] = steps, failed
