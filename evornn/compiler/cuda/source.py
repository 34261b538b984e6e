"""A simulation as the text of one CUDA module: which thread runs what, around the same episode as on the CPU."""

from __future__ import annotations

import textwrap

from evornn.compiler.cuda.layout import HELD
from evornn.compiler.cuda.target import ScalarTarget
from evornn.compiler.emit.values import Text
from evornn.compiler.memory_plan import Plan
from evornn.compiler.programs.episode import Episode, functions_text
from evornn.compiler.specialization import Shape
from evornn.graph.simulation_graphs import Traced

SHARED_BYTES = 48 * 1024  # what a block may have without asking the device for more

HEADER = '''"""{title}

{precision}, layout "{layout}", {block} threads a block. Written by evornn; primitives:
evornn/compiler/cuda/primitives.py.
"""

from evornn.compiler.cuda.primitives import cuda, primitives

globals().update(primitives("{precision}"))
'''
FRAMES = {
    "individuals": """
S = cuda.local.array({scratch}, f)
for job in range(cuda.grid(1), individuals * episodes, cuda.gridsize(1)):
    member, episode = job % individuals, job // individuals
    group, lane, width = episode, 0, 1
""",
    "episodes": """
S = cuda.local.array({scratch}, f)
groups = (episodes + {block} - 1) // {block}
for job in range(cuda.blockIdx.x, individuals * groups, cuda.gridDim.x):
    member, group = job // groups, job % groups
    lane, width = cuda.threadIdx.x, {block}
    episode = group * {block} + lane
    cuda.syncthreads()
""",
    "units": """
S = cuda.shared.array({scratch}, f)
for job in range(cuda.blockIdx.x, individuals * episodes, cuda.gridDim.x):
    member, episode = job % individuals, job // individuals
    group, lane, width = episode, 0, 1
    cuda.syncthreads()
""",
}
TO_SHARED = """
    for gene in range(cuda.threadIdx.x, {genes}, {block}):
        own[gene] = W[index(member * {genes} + gene)]
    cuda.syncthreads()
"""


def cuda_text(traced: Traced, shape: Shape, title: str, early_exit: bool) -> tuple[str, Plan]:
    """The module's text and its memory plan. shape.lanes: threads a block."""
    plan = Plan(shape.lanes if shape.layout == "units" else 1)
    target = ScalarTarget(shape.layout, shape.bits, shape.lanes)
    functions, parts = functions_text([traced.start, traced.step, traced.finish], plan, target)
    parts.append(_simulate_text(traced, shape, plan, Episode(traced, plan, target, functions), early_exit))
    header = HEADER.format(
        title=textwrap.fill(title, 130), precision=shape.precision, layout=shape.layout, block=shape.lanes
    )
    return "\n\n".join([header, *target.library("".join(parts)), *parts]), plan


def _simulate_text(traced: Traced, shape: Shape, plan: Plan, episode: Episode, early_exit: bool) -> str:
    arguments = ["W", "K", "J", "q_all", *(f"all_{r}" for r in traced.rows)]
    arguments += ["n_rows", "n_steps", "seed", "individuals", "episodes", "out"]
    body = Text(2)
    for line in (
        "w = {weights}",
        "q = (q_all, lane, width)",
        *(f"rows_{r} = (all_{r}, lane, width)" for r in traced.rows),
    ):
        body.add(line)
    if shape.layout == "episodes":
        body.add("if episode < episodes:")
        body.indent += 1
    leave = ["w = {again}", *(["if not alive:", "    break"] if early_exit and traced.alive >= 0 else [])]
    results = episode.write(body, leave)  # tells how much scratch and how many weights there are
    if shape.layout == "units":
        body.add("if cuda.threadIdx.x == 0:")
        body.indent += 1
    for i, value in enumerate(results):
        body.add(f"out[{i}, episode, member] = {value}")
    frame, weights, again = _frame(shape, plan)
    lines = [*frame, *(line.replace("{weights}", weights).replace("{again}", again) for line in body.lines)]
    text = "\n".join(line for line in lines if line.strip() != "w =")
    return f"@kernel({shape.lanes})\ndef simulate({', '.join(arguments)}):\n{text}\n"


def _frame(shape: Shape, plan: Plan) -> tuple[list[str], str, str]:
    """The loop over a thread's jobs; the view of its weights; and the view at the begin of a step, if it changes."""
    units = shape.layout == "units"
    array, start, stride, frame, first = "W", "member", "individuals", FRAMES[shape.layout], ""
    if shape.layout != "individuals":
        start, stride = f"member * {plan.weight_size}", "1"
        if (plan.weight_size + plan.scratch_size * units) * shape.bits // 8 <= SHARED_BYTES:
            first, frame = f"own = cuda.shared.array({plan.weight_size}, f)", frame.rstrip() + TO_SHARED
            array, start = "own", "0"
    text = first + frame.format(scratch=plan.scratch_size, block=shape.lanes, genes=plan.weight_size)
    forgets = plan.weights.size // (shape.lanes if units else 1) > HELD * 32 // shape.bits
    again = f"({array}, again({start}), {stride})" if forgets else ""
    return [f"    {line}" for line in text.strip().splitlines()], f"({array}, {start}, {stride})", again
