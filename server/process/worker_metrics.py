"""Merges the metrics of all workers of one machine: the worker that is asked asks the others.

They answer at sockets in a folder that nobody else may enter. This depends on no store, because metrics are needed most
during an outage. Every sample is labelled with the number of its worker; `parley_worker_up` says which of them
answered.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from typing_extensions import override

ANSWER_WITHIN_S = 2.0  # a worker that stalls is reported as down
LABEL = "worker"
NAME_MAX_BYTES = 100  # of a socket's path; the system takes 107


@contextmanager
def sockets_folder(data_dir: Path) -> Iterator[Path]:
    """Yield an empty folder for the workers' sockets, in `data_dir` unless its path is too long for them."""
    folder = data_dir.absolute() / "workers"
    if len(bytes(folder / "000.sock")) > NAME_MAX_BYTES:
        with tempfile.TemporaryDirectory(prefix="parley-") as elsewhere:
            yield Path(elsewhere)
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.glob("*.sock"):
        left.unlink()
    yield folder


class WorkerMetrics:
    """One worker among the others. `path` is its own socket, `NUMBER.sock`; `read` returns its own metrics as text."""

    def __init__(self, path: Path, read: Callable[[], bytes]) -> None:
        self._path = path
        self._read = read
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Answer the others. OSError when the folder is gone."""
        self._path.unlink(missing_ok=True)  # left by a killed worker of this number
        self._server = await asyncio.start_unix_server(self._tell, self._path)

    async def close(self) -> None:
        """Stop answering. The file stays, so that the others report this worker as down."""
        if self._server is not None:
            self._server.close()

    async def gather(self) -> bytes:
        """Returns the metrics of all workers in Prometheus' text format."""
        paths = sorted(self._path.parent.glob("*.sock"), key=lambda path: path.stem.zfill(3))
        told = await asyncio.gather(*map(self._ask, paths))
        return _merged({path.stem: text for path, text in zip(paths, told, strict=True)})

    async def _ask(self, path: Path) -> str | None:
        if path == self._path:
            return self._read().decode()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reader, writer = await asyncio.open_unix_connection(path)
                try:
                    return (await reader.read()).decode() or None
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return None

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self._read())
            await writer.drain()
        except ConnectionError:
            return  # the asking worker has given up
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class _Shown(Collector):
    families: Sequence[Metric]

    @override
    def collect(self) -> Sequence[Metric]:
        return self.families


def _merged(told: Mapping[str, str | None]) -> bytes:
    """Returns the texts of the workers as one, with None for a worker that did not answer."""
    up = Metric("parley_worker_up", "Whether the worker answered", "gauge")
    families: dict[str, Metric] = {}
    for worker, text in told.items():
        up.add_sample(up.name, {LABEL: worker}, float(text is not None))
        for family in text_string_to_metric_families(text or ""):
            whole = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                whole.add_sample(sample.name, {**sample.labels, LABEL: worker}, sample.value)
    return generate_latest(_Shown([up, *families.values()]))
