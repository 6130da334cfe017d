"""One child process: its exit, its log, its end."""

import os
import signal
import sys
from pathlib import Path

import psutil

from loopmesh.run.process import LONGEST_LOG_BYTES, ChildProcess, Launch
from tests.run.meshes import alive, until


def launch(folder: Path, *argv: str) -> Launch:
    return Launch(argv=argv, environment={"PATH": os.environ["PATH"]}, folder=folder, log=folder / "log")


def python(folder: Path, code: str) -> Launch:
    return launch(folder, sys.executable, "-I", "-S", "-c", code)


async def test_it_runs_in_a_session_of_its_own_so_a_terminals_ctrl_c_does_not_reach_it(tmp_path: Path) -> None:
    child = ChildProcess(launch(tmp_path, "sleep", "1000"))
    await until("exec", lambda: psutil.Process(child.pid).name() == "sleep")
    assert os.getsid(child.pid) == child.pid
    await child.stop(grace_s=5)
    assert await child.wait() == -signal.SIGTERM
    assert child.exit_reason() == f"killed by SIGTERM (log: {tmp_path / 'log'})"


async def test_one_that_ignores_sigterm_is_killed_after_the_grace_time_with_all_it_started(tmp_path: Path) -> None:
    code = """
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen(["sleep", "1000"]).pid, flush=True)
signal.pause()
"""
    child = ChildProcess(python(tmp_path, code))
    grandchild = int(await until("started", (tmp_path / "log").read_text))
    await child.stop(grace_s=0.1)
    assert child.exit_reason().startswith("killed by SIGKILL")
    await until("grandchild gone", lambda: not alive(grandchild))


async def test_what_a_process_started_does_not_outlive_it(tmp_path: Path) -> None:
    child = ChildProcess(launch(tmp_path, "sh", "-c", "sleep 1000 & echo $!"))
    assert await child.wait() == 0
    grandchild = int((tmp_path / "log").read_text())
    await until("grandchild gone", lambda: not alive(grandchild))


async def test_a_program_that_cannot_be_executed_says_so_in_its_exit_reason(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a program")
    child = ChildProcess(launch(tmp_path, str(tmp_path / "text")))
    await child.wait()
    expected = f"exited with code 127: cannot execute {tmp_path / 'text'}: Permission denied (log: {tmp_path / 'log'})"
    assert child.exit_reason() == expected


async def test_logs_of_earlier_runs_are_kept(tmp_path: Path) -> None:
    for word in ("first", "second"):
        await ChildProcess(launch(tmp_path, "echo", word)).wait()
    assert (tmp_path / "log").read_text() == "first\nsecond\n"


async def test_the_name_of_a_dead_servers_socket_is_removed_first(tmp_path: Path) -> None:
    socket = tmp_path / "app.sock"
    socket.touch()
    command = launch(tmp_path, "ls", str(socket))
    await ChildProcess(
        Launch(
            argv=command.argv,
            environment=command.environment,
            folder=tmp_path,
            log=command.log,
            stale_sockets=(socket,),
        )
    ).wait()
    assert not socket.exists()


async def test_the_exit_reason_never_quotes_an_earlier_run(tmp_path: Path) -> None:
    await ChildProcess(launch(tmp_path, "echo", "from before")).wait()
    silent = ChildProcess(python(tmp_path, "raise SystemExit(1)"))
    await silent.wait()
    assert silent.exit_reason() == f"exited with code 1 (log: {tmp_path / 'log'})"


async def test_a_log_that_has_grown_too_long_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        log.truncate(LONGEST_LOG_BYTES + 1)
    await ChildProcess(launch(tmp_path, "echo", "new")).wait()
    assert (tmp_path / "log").read_text() == "new\n"
    assert (tmp_path / "log.1").stat().st_size == LONGEST_LOG_BYTES + 1
