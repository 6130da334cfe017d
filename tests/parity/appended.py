"""Files others write line by line."""

from pathlib import Path


class Appended:
    """Gives each line once; a line that is not ended yet comes later."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0

    def lines(self) -> list[str]:
        """Those written since the last call; none while there is no file."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as opened:
            opened.seek(self._read)
            whole, end, _ = opened.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        return whole.decode(errors="replace").splitlines() if end else []
