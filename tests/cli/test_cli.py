"""The command line as a person meets it: output, files, exit codes, errors; every spec in runs/ in a short form."""

import contextlib
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

import evornn
from evornn.cli import app, info
from evornn.experiment.storage import run_directory
from evornn.spec.run import Spec
from tests.guards import HANGS

ROOT = Path(evornn.__file__).parents[1]
SPECS = sorted(p for p in (ROOT / "runs").rglob("*.toml") if "[[methods]]" not in p.read_text())  # no comparisons
SEARCHES = {**evornn.search.REGISTRY, **evornn.gradient.REGISTRY}
SMALL = """
[network]
name = "FullyRecurrent"
units = 2
[task]
name = "Pendulum"
steps = 20
[search]
name = "GeneticAlgorithm"
population = 12
[problem]
backend = "plain"
[run]
seed = 1
target = 100
evaluations = 30
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL)
    return "small.toml"


def call(*arguments, code=0):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return " ".join(result.output.split())  # tables are wrapped to the width of a terminal


def process(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "evornn", *map(str, arguments)], env=environment, **options)


@pytest.mark.parametrize(
    "spec", [pytest.param(p, marks=() if i % 2 else pytest.mark.slow, id=p.stem) for i, p in enumerate(SPECS)]
)
def test_every_spec_runs(spec, tmp_path):
    """Each spec in a short form: 130 evaluations, the spec's own network, task and search on the compiled kernel.

    By default every second one; of all of them the first generation is evaluated, below.
    """
    output = call("run", spec, "--out", tmp_path / "r", "--set", "run.evaluations=130", "--no-figure", "--workers", "1")
    records = run_directory.read_history(tmp_path / "r")
    assert records[-1].evaluations == 130 or records[-1].solved
    assert records[-1].steps >= records[-1].evaluations
    assert "Outcome" in output


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_every_spec_asks_for_genomes_that_its_problem_evaluates(spec):
    """Two steps of every episode, by NumPy."""
    problem, search = Spec.load(spec, ["problem.backend=plain"]).build()
    found = problem.evaluate(search.ask(), steps=2)
    assert np.isfinite(found.fitness).all()
    assert (found.steps > 0).all()


def test_run_writes_a_directory_that_resume_and_replay_understand(small):
    output = call("run", small)
    run = Path("runs/out/small-1")
    assert "30 evaluations" in output
    assert "not called solved: the budget of evaluations is spent" in output
    assert {p.name for p in run.iterdir()} == {
        *(
            run_directory.SPEC,
            run_directory.ENVIRONMENT,
            run_directory.HISTORY,
            run_directory.FITNESS,
            run_directory.CHECKPOINT,
            run_directory.BEST,
            run_directory.RESULT,
        ),
        *("figure.svg", "figure.png"),
    }
    environment = json.loads((run / run_directory.ENVIRONMENT).read_text())
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["seed"] == 1
    call("run", small, "--no-figure")  # a second run never touches the first
    assert Path("runs/out/small-1-2").is_dir()
    call("resume", run, "--set", "run.evaluations=40", "--no-figure")
    assert json.loads((run / run_directory.RESULT).read_text())["evaluations"] == 40
    assert "figure.svg" in call("replay", run)


def test_solved_runs_say_how_their_champion_was_verified(small):
    output = call("run", small, "--set", "run.target=-1000", "--no-figure")
    assert re.search(r"solved after \d+ evaluations in \d+ generations", output)
    assert "verified in float64 by the plain backend; fitness -" in output
    assert json.loads(Path("runs/out/small-1/champion.json").read_text())["report"]["solved"] is True


def test_runs_say_what_they_will_take(small):
    time = r"[\d.]+ s( to [\d.]+ s)?"
    said = r"needs about [\d.]+ MB, [\d.]+ MB on disk; " + time + " for {} evaluations if it does not end earlier"
    assert re.search(said.format(30) + ".*Outcome", call("run", small, "--no-figure"))
    output = call("resume", "runs/out/small-1", "--set", "run.evaluations=40", "--no-figure")
    assert re.search(said.format(10) + ".*Outcome", output)
    assert "needs about" not in call("resume", "runs/out/small-1", "--no-figure")  # nothing is left to do
    output = call("run", small, "--set", "run.seconds=0.05", "--set", "run.evaluations=1000000", "--no-figure")
    assert re.search(r"needs about .*; 0.05 s for [\d,]+( to [\d,]+)? evaluations if it does not end earlier", output)


def test_memory_that_is_not_there_is_refused_before_any_work(small, monkeypatch):
    monkeypatch.setattr("evornn.memory.physical_memory", lambda: 2**30)
    output = call("run", small, "--set", "search.population=5000000", code=2)
    assert re.search(
        r"population 5,000,000 needs \d,\d+,\d+,\d+ bytes of memory; this machine has 1,073,741,824; ", output
    )
    assert not Path("runs").exists()


def test_mistakes_end_in_one_line_and_exit_code_2(small):
    for arguments, words in [
        (["run", "smal.toml"], "did you mean 'small.toml'"),
        (["run", small, "--set", "search.popolation=3"], "did you mean 'population'"),
        (["run", small, "--out", "."], "not an empty directory"),
        (["resume", "nowhere"], "nowhere holds no run"),
        (["list", "network"], "did you mean 'networks'"),
        (["list", "Elmann"], "did you mean 'Elman'"),
        (["list", "Elman", "--markdown"], "leave out 'Elman'"),
    ]:
        output = call(*arguments, code=2)
        assert words in output
        assert "Traceback" not in output


@pytest.mark.parametrize(
    ("sent", "ignored", "code"),
    [
        ([signal.SIGINT], False, 130),
        ([signal.SIGTERM], False, 143),
        ([signal.SIGINT, signal.SIGTERM], True, 143),  # a job in the background does not hear Ctrl-C
    ],
    ids=["Ctrl-C", "SIGTERM", "background"],
)
def test_signals_end_a_run_with_words_on_how_to_go_on(small, interruptible, sent, ignored, code):
    slow = ["--set", "run.evaluations=1000000", "--set", "task.steps=100"]
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # children inherit it; the fixture undoes it
    running = process("run", small, "--out", "long", *slow, stderr=subprocess.PIPE, text=True)
    history = Path("long") / run_directory.HISTORY

    def wait(size):
        while not history.exists() or history.stat().st_size <= size:
            time.sleep(0.01)
            assert running.poll() is None

    for number in sent:
        wait(history.stat().st_size if history.exists() else 0)
        running.send_signal(number)
    _, said = running.communicate(timeout=HANGS)
    assert running.returncode == code
    assert "evornn resume long" in said
    assert "Traceback" not in said
    before = len(run_directory.read_history(Path("long")))
    assert before
    call("resume", "long", "--set", f"run.generations={before + 1}", "--no-figure")
    assert len(run_directory.read_history(Path("long"))) == before + 1


def test_a_swallowed_ctrl_c_still_ends_the_run(small, interruptible, monkeypatch):
    fine = evornn.Problem.evaluate

    def evaluate(self, genomes):
        with contextlib.suppress(KeyboardInterrupt):  # as a callback from LLVM does
            signal.raise_signal(signal.SIGINT)
        return fine(self, genomes)

    monkeypatch.setattr(evornn.Problem, "evaluate", evaluate)
    assert "evornn resume cut" in call("run", small, "--out", "cut", code=130)
    assert len(run_directory.read_history(Path("cut"))) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("name", "budget"), [("double_pole", 3000), ("evolution_against_gradients/adding_lstm", 300)], ids=["GA", "Adam"]
)
def test_a_job_killed_and_resumed_ends_as_if_never_interrupted(name, budget, tmp_path):
    """Evolution of the main job, and gradients taken again by another number of threads."""
    spec, short = ROOT / "runs" / f"{name}.toml", ["--no-figure", "--set", f"run.evaluations={budget}"]
    call("run", spec, "--out", tmp_path / "whole", "--workers", "1", *short)
    running = process("run", spec, "--out", tmp_path / "cut", "--workers", "2", *short)
    history = tmp_path / "cut" / run_directory.HISTORY
    while running.poll() is None and not (history.exists() and history.stat().st_size > 3000):
        time.sleep(0.001)
    running.kill()
    running.wait()
    call("resume", tmp_path / "cut", "--no-figure")
    whole, cut = (run_directory.read_history(tmp_path / name) for name in ("whole", "cut"))
    timeless = {"seconds": 0.0, "simulating": 0.0}
    assert [msgspec.structs.replace(r, **timeless) for r in cut] == [
        msgspec.structs.replace(r, **timeless) for r in whole
    ]
    assert (tmp_path / "cut" / run_directory.BEST).read_bytes() == (
        tmp_path / "whole" / run_directory.BEST
    ).read_bytes()


def test_list_and_readme_name_what_is_registered():
    for name in (*evornn.networks.REGISTRY, *evornn.tasks.REGISTRY, *SEARCHES):
        assert name in call("list")
    assert "LSTM" in call("list", "networks")
    assert "LSTM" not in call("list", "tasks")
    assert all(info.catalogue()["Networks"]), "a folder of networks has no TITLE"
    assert "Adam" in call("list", "trainers")
    assert "LBFGS" not in call("list", "searches")
    for page, text in (("README.md", info.names()), ("docs/catalogue.md", info.markdown())):
        assert text in (ROOT / page).read_text(), f"stale; run: evornn list --readme {page}"


@pytest.mark.parametrize("name", info.registered())
def test_list_shows_the_options_of_one(name):
    output = CliRunner().invoke(app, ["list", name]).output
    assert output.startswith(f"{name}: ")
    assert max(map(len, output.splitlines())) <= 80
    for option, parameter in inspect.signature(info.registered()[name]).parameters.items():
        default = "" if parameter.default is parameter.empty else rf" = {re.escape(repr(parameter.default))}"
        assert re.search(rf"^  \**{option}{default}( |$)", output, re.MULTILINE)


def test_list_tells_default_range_and_meaning_in_a_line():
    output = CliRunner().invoke(app, ["list", "LSTM"]).output
    assert "  units = 5          >= 1: number of units\n" in output
    assert "  init = None        (0, range]: first weights" in output


def test_doctor_kernel_and_cache(small, monkeypatch, tmp_path):
    monkeypatch.setenv("EVORNN_CACHE", str(tmp_path / "kernels"))
    output = call("doctor")
    assert "fine: a cpu kernel differs from NumPy by" in output
    assert np.__version__ in output
    assert "def simulate" in call("kernel", small, "--set", "problem.backend=cpu")
    assert re.search(r"kernels: [1-9]\d* kernels", call("cache"))
    assert "removed" in call("cache", "--clear")
    assert " 0 kernels" in call("cache")


def test_cuda_kernels_without_a_gpu(small):
    pytest.importorskip("numba_cuda")
    from evornn.compiler.cuda import device as cuda_device

    assert "cuda.grid(1)" in call("kernel", small, "--backend", "cuda")
    assert "add --backend cuda" in call("kernel", small, "--backend", "cpu", "--cc", "9.0", code=2)
    assert "'plain', has no kernel" in call("kernel", small, code=2)
    assert "did you mean '9.0'" in call("kernel", small, "--backend", "cuda", "--cc", "9.1", code=2)
    if not cuda_device.cuda.is_available():
        for command in (["run", small, "--set", "problem.backend=cuda"], ["bench", "--backend", "cuda"]):
            assert re.search("no usable NVIDIA GPU|evornn.cuda13.", call(*command, code=2))


@pytest.mark.needs("cuda_compiler")
def test_cuda_kernels_are_compiled_without_a_gpu(small, tmp_path):
    told = call("kernel", small, "--backend", "cuda", "--cc", "8.0", "--ptx", tmp_path / "kernel.ptx")
    assert re.search(r"registers \d+", told)
    assert re.search(r"occupancy +\d+%", told)
    assert ".target sm_80" in (tmp_path / "kernel.ptx").read_text()


def test_bench_reads_its_own_options():
    assert "--readme" in call("bench", "--help")


def test_help_and_import_load_nothing_heavy():
    heavy = ("numba", "scipy", "deap", "pyswarms", "matplotlib", "numpy")
    code = (
        "import sys, evornn\nfrom evornn.cli import app\nfrom typer.testing import CliRunner\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    with process("--help", stdout=subprocess.PIPE, text=True) as helped:
        assert "doctor" in helped.communicate(timeout=HANGS)[0]
