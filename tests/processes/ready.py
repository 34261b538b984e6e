"""An interpreter that has imported evornn and Numba: it forks for each program that it is given.

A child has everything else to itself: no kernel was read or compiled, no problem made, no thread started before.
(Numba has compiled something of its own, which is when it gets ready.)
"""

import json
import os

import numba
import work

import evornn.backends.cpu
import evornn.compiler.cache_folder
import evornn.compiler.object_code
import evornn.compiler.simd.intrinsics
import evornn.training.forward  # noqa: F401

numba.njit(lambda x: x + 1.0)(1.0)
assert not work.started(), "nothing may have happened yet"
while line := os.read(0, 1 << 20):
    while not line.endswith(b"\n"):
        line += os.read(0, 1 << 20)
    child = os.fork()
    if not child:
        break
    _, status, spent = os.wait4(child, 0)
    told = {"code": os.waitstatus_to_exitcode(status), "seconds": spent.ru_utime + spent.ru_stime}
    os.write(1, json.dumps(told).encode() + b"\n")
else:
    os._exit(0)

asked = json.loads(line)
os.environ.clear()
os.environ.update(asked["environment"])
for number, name, way in (
    (0, os.devnull, os.O_RDONLY),
    (1, asked["out"], os.O_WRONLY),
    (2, asked["errors"], os.O_WRONLY),
):
    os.dup2(os.open(name, way), number)
exec(compile(asked["code"], "<string>", "exec"))
