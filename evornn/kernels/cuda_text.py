"""A simulation as the text of one CUDA module: which thread runs what, around the same episode as on the CPU."""

from __future__ import annotations

import textwrap

from evornn.kernels.kernel_text import Episode, functions_text
from evornn.kernels.plan import Plan
from evornn.kernels.scalar_language import ScalarLanguage
from evornn.kernels.shape import Shape
from evornn.kernels.traced import Traced
from evornn.kernels.values import Text

SHARED_BYTES = 48 * 1024  # what a block may have without asking the device for more

HEADER = '''"""{title}

{precision}, layout "{layout}", {block} threads a block. Written by evornn; primitives:
evornn/kernels/cuda_primitives.py.
"""

from evornn.kernels.cuda_primitives import cuda, primitives

globals().update(primitives("{precision}"))
'''
ONE_A_THREAD = """
S = cuda.local.array({scratch}, f)
for job in range(cuda.grid(1), individuals * episodes, cuda.gridsize(1)):
    member, episode = job % individuals, job // individuals
    group, lane, width = episode, 0, 1
    w = (W, member, individuals)
"""
ONE_A_BLOCK = """
S = cuda.local.array({scratch}, f)
groups = (episodes + {block} - 1) // {block}
for job in range(cuda.blockIdx.x, individuals * groups, cuda.gridDim.x):
    member, group = job // groups, job % groups
    lane, width = cuda.threadIdx.x, {block}
    episode = group * {block} + lane
    {weights}
"""
UNIT_A_THREAD = """
S = cuda.shared.array({scratch}, f)
for job in range(cuda.blockIdx.x, individuals * episodes, cuda.gridDim.x):
    member, episode = job % individuals, job // individuals
    group, lane, width = episode, 0, 1
    {weights}
"""
FROM_SHARED = """cuda.syncthreads()
    for gene in range(cuda.threadIdx.x, {size}, {block}):
        own[gene] = W[index(member * {size} + gene)]
    cuda.syncthreads()
    w = (own, 0, 1)"""
FROM_GLOBAL = """cuda.syncthreads()
    w = (W, member * {size}, 1)"""


def cuda_text(traced: Traced, shape: Shape, title: str, early_exit: bool) -> tuple[str, Plan]:
    """The module's text and its memory plan. shape.lanes: threads a block."""
    plan = Plan(shape.lanes if shape.layout == "units" else 1)
    language = ScalarLanguage(shape.layout, shape.bits, shape.lanes)
    functions, parts = functions_text([traced.start, traced.step, traced.finish], plan, language)
    parts.append(_simulate_text(traced, shape, plan, Episode(traced, plan, language, functions), early_exit))
    header = HEADER.format(
        title=textwrap.fill(title, 130), precision=shape.precision, layout=shape.layout, block=shape.lanes
    )
    return "\n\n".join([header, *language.library("".join(parts)), *parts]), plan


def weights_shared(shape: Shape, plan: Plan) -> bool:
    """Whether a block keeps its individual's weights in shared memory."""
    scratch = plan.scratch_size if shape.layout == "units" else 0
    return shape.layout != "individuals" and (plan.weight_size + scratch) * shape.bits // 8 <= SHARED_BYTES


def _simulate_text(traced: Traced, shape: Shape, plan: Plan, episode: Episode, early_exit: bool) -> str:
    text = Text()
    arguments = ["W", "K", "J", "q_all", *(f"all_{r}" for r in traced.rows)]
    arguments += ["n_rows", "n_steps", "seed", "individuals", "episodes", "out"]
    leave = ["if not alive:", "    break"] if early_exit and traced.alive >= 0 else []
    body = Text(2)
    body.add("q = (q_all, lane, width)")
    for row in traced.rows:
        body.add(f"rows_{row} = (all_{row}, lane, width)")
    if shape.layout == "episodes":
        body.add("if episode < episodes:")
        body.indent += 1
    results = episode.write(body, leave)  # tells how much scratch and how many weights there are
    if shape.layout == "units":
        body.add("if cuda.threadIdx.x == 0:")
        body.indent += 1
    for i, value in enumerate(results):
        body.add(f"out[{i}, episode, member] = {value}")
    frame = {"individuals": ONE_A_THREAD, "episodes": ONE_A_BLOCK, "units": UNIT_A_THREAD}[shape.layout]
    size = {"size": plan.weight_size, "block": shape.lanes}
    shared = weights_shared(shape, plan)
    weights = (FROM_SHARED if shared else FROM_GLOBAL).format(**size)
    if shared:
        text.add(f"own = cuda.shared.array({plan.weight_size}, f)")
    for line in frame.format(scratch=plan.scratch_size, weights=weights, **size).strip().splitlines():
        text.add(line)
    lines = "\n".join([*text.lines, *body.lines])
    return f"@kernel({shape.lanes})\ndef simulate({', '.join(arguments)}):\n{lines}\n"
