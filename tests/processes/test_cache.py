"""Nothing that is wrong with the kernel cache stops a start, changes a number or runs somebody else's code."""

import errno
import hashlib
import os
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import work

from evornn.compiler import cache_folder

START = "import work; one = work.problem(); print(one.evaluate(work.genomes(one)).fitness.tolist())"
NO_SPACE = f"""
import os, tempfile
def full(*arguments, **options):
    raise OSError({errno.ENOSPC}, os.strerror({errno.ENOSPC}))
tempfile.mkstemp = full
"""


def entry(folder: Path) -> Path:
    (found,) = folder.glob("*.kernel")
    return found


def start(folder: Path, before: str = "", **environment: str) -> tuple[np.ndarray, list[str]]:
    """The fitness that a fresh process finds, and the lines on its standard error."""
    run = work.fresh_python if "LC_ALL" in environment else work.python  # the locale is read as Python starts
    done = run(before + START, folder, **environment)
    assert done.returncode == 0, done.stderr
    return np.array(eval(done.stdout)), done.stderr.splitlines()


@pytest.fixture(scope="module")
def right() -> np.ndarray:
    return work.problem().evaluate(work.genomes(work.problem())).fitness


@pytest.fixture
def written(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the one entry: copied, for it is always the same."""
    first = tmp_path_factory.getbasetemp() / "written"
    if not first.exists():
        start(first)
    return shutil.copytree(first, tmp_path / "cache")


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def text(path: Path) -> None:
    path.write_text("not a kernel\n" * 100)


def whole_but_foreign(path: Path) -> None:
    content = pickle.dumps({"something": "else"})
    path.write_bytes(cache_folder.MAGIC + hashlib.sha256(content).digest() + content)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def writable_by_others(path: Path) -> None:
    path.chmod(0o666)


@pytest.mark.parametrize(
    "damage", [nothing, half, one_bit, noise, text, whole_but_foreign, folder, link, writable_by_others]
)
def test_a_damaged_or_foreign_entry(damage: Callable[[Path], None], written: Path, right: np.ndarray) -> None:
    """It is a miss: the numbers are right, at most one line is said, and a damaged one is written again."""
    damage(entry(written))
    fitness, said = start(written)
    np.testing.assert_array_equal(fitness, right)
    assert len(said) <= 1
    if damage in (nothing, half, one_bit, noise, text, whole_but_foreign):
        content = entry(written).read_bytes().removeprefix(cache_folder.MAGIC)
        assert hashlib.sha256(content[32:]).digest() == content[:32], "written again"


def test_an_entry_that_others_may_write_is_not_executed(written: Path, tmp_path: Path, right: np.ndarray) -> None:
    """Neither is one in a folder that they may write."""
    cache = written
    trap = tmp_path / "sprung"
    content = pickle.dumps(Trap(trap))
    planted = cache_folder.MAGIC + hashlib.sha256(content).digest() + content
    path = entry(cache)
    for target in (path, cache):
        path.write_bytes(planted)
        usual = target.stat().st_mode
        target.chmod(0o777)
        fitness, said = start(cache, XDG_CACHE_HOME=str(tmp_path / "own"))
        target.chmod(usual)
        np.testing.assert_array_equal(fitness, right)
        assert not trap.exists()
        assert len(said) == 1
        assert "others" in said[0]
    assert list((tmp_path / "own").rglob("*.kernel")), "the private folder was used instead"


class Trap:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.mark),)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path, right: np.ndarray) -> None:
    os.chown(tmp_path, 12345, 12345)
    fitness, said = start(tmp_path, XDG_CACHE_HOME=str(tmp_path / "own"))
    np.testing.assert_array_equal(fitness, right)
    assert len(said) == 1
    assert "another user (12345)" in said[0]
    assert not list(tmp_path.glob("*.kernel"))


def a_file(path: Path) -> str:
    path.write_text("")
    return str(path)


ODD: dict[str, Callable[[Path], dict[str, str]]] = {
    "a file": lambda at: {"EVORNN_CACHE": a_file(at / "file"), "XDG_CACHE_HOME": a_file(at / "other")},
    "below a file": lambda at: {"EVORNN_CACHE": a_file(at / "file") + "/kernels", "XDG_CACHE_HOME": str(at / "file")},
    "no such device": lambda at: {"EVORNN_CACHE": "/proc/nothing/kernels"},
    "a name too long": lambda at: {"EVORNN_CACHE": str(at / ("x" * 300))},
    "letters": lambda at: {"EVORNN_CACHE": str(at / "Kernspeicher für Übung")},
    "blanks": lambda at: {"EVORNN_CACHE": "   ", "XDG_CACHE_HOME": str(at)},
    "a limit of 0": lambda at: {"EVORNN_CACHE_MB": "0"},
    "no limit": lambda at: {"EVORNN_CACHE_MB": "much"},
    "a negative limit": lambda at: {"EVORNN_CACHE_MB": "-1"},
    "endless": lambda at: {"EVORNN_CACHE_MB": "inf"},
    "a C locale": lambda at: {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "another locale": lambda at: {
        "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "EVORNN_CACHE": str(at / "ä"),
    },
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_settings(case: str, tmp_path: Path, right: np.ndarray) -> None:
    """Two starts with each: the right numbers, and one line at most."""
    environment = ODD[case](tmp_path)
    for _ in range(2):
        fitness, said = start(tmp_path / "cache", **environment)
        np.testing.assert_array_equal(fitness, right)
        assert len(said) <= 1
        assert all(line.startswith("evornn: kernel cache: ") for line in said)


def test_a_full_disk_is_said_once(tmp_path: Path, right: np.ndarray) -> None:
    several = "work.problem(units=2).evaluate(work.genomes(work.problem(units=2)))\n"
    fitness, said = start(tmp_path, NO_SPACE + "import work\n" + several)
    np.testing.assert_array_equal(fitness, right)
    assert len(said) == 1
    assert "No space left on device" in said[0]
    assert list(tmp_path.iterdir()) == []


def test_closed_standard_error(tmp_path: Path, right: np.ndarray) -> None:
    """What cannot be said stops nothing either."""
    fitness, _ = start(tmp_path, NO_SPACE + "import sys; sys.stderr = None\n")
    np.testing.assert_array_equal(fitness, right)


def test_the_least_recently_used_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache stays below its limit, and what was just read stays."""
    monkeypatch.setenv("EVORNN_CACHE", str(tmp_path))
    monkeypatch.setenv("EVORNN_CACHE_MB", "0.01")
    (tmp_path / "mine.txt").write_bytes(bytes(20_000))
    for number in range(30):
        cache_folder.write(name := f"evornn_kernel_{number}-0.kernel", bytes(1000))
        os.utime(tmp_path / name, (number, number))
        assert cache_folder.read("evornn_kernel_0-0.kernel") == bytes(1000), "just used, so it stays"
    assert cache_folder.contents()["bytes"] <= 10_000
    assert cache_folder.read("evornn_kernel_29-0.kernel") == bytes(1000)
    assert cache_folder.read("evornn_kernel_5-0.kernel") is None
    assert (tmp_path / "mine.txt").exists()


def test_what_a_killed_process_left_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVORNN_CACHE", str(tmp_path))
    old, new = (tmp_path / f".evornn_kernel_{k}.kernel-x.tmp" for k in (0, 1))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    cache_folder.write("evornn_kernel_0-0.kernel", b"whole")
    assert not old.exists()
    assert new.exists(), "somebody may be writing it"


def test_the_command_says_path_size_and_limit(tmp_path: Path) -> None:
    def cache(*options: str) -> str:
        code = f"import sys; sys.argv = ['evornn', 'cache', *{options!r}]; from evornn.cli import main; main()"
        return work.python(code, tmp_path / "cache", EVORNN_CACHE_MB="7").stdout

    start(tmp_path / "cache")
    assert re.search(rf"{tmp_path}/cache: 1 kernels, 0\.\d of at most 7 MB .*writable", cache())
    (tmp_path / "cache").chmod(0o777)
    assert "may be written by others" in cache()
    (tmp_path / "cache").chmod(0o700)
    assert "removed 1 kernels" in cache("--clear")
