"""What the tests of `facespace map` and `info` share: calling the command line, and two small sets on disk."""

from __future__ import annotations

import json

import numpy as np

from facespace.cli import main
from facespace.embeddings import EmbeddingSet


class Run:
    """Calls `facespace …` in this process; remembers standard output and error."""

    def __init__(self, capsys):
        self.capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments):
        code = main([str(a) for a in arguments])
        captured = self.capsys.readouterr()
        self.out, self.err = captured.out, captured.err
        return code

    def json(self, *arguments, code=0):
        """The document of a command with --json, and nothing else on either stream."""
        assert self(*arguments, "--json") == code
        assert self.err == ""
        return json.loads(self.out)

    def error(self, *arguments):
        """The error document of a command that must fail with code 2."""
        return self.json(*arguments, code=2)["error"]


def write_sets(folder):
    """a.parquet (width 12), b.parquet (width 10, another order, four ids less) and c.parquet (width 12), of 40 people."""
    rng = np.random.default_rng(0)
    latent = np.repeat(rng.normal(size=(40, 8)), 3, axis=0)
    latent += 0.3 * rng.normal(size=latent.shape)
    ids = np.array([f"p{n // 3:02d}/{n % 3}" for n in range(120)])
    subject = np.array([name[:3] for name in ids])
    for name, width in (("a", 12), ("b", 10), ("c", 12)):
        strengths = np.exp(rng.normal(size=8))
        x = (latent * strengths) @ np.linalg.qr(rng.normal(size=(width, width)))[0][:8]
        x += 0.05 * rng.normal(size=x.shape)
        rows = rng.permutation(120)[: 116 if name == "b" else 120]
        EmbeddingSet(x[rows], ids[rows], model=f"net-{name}", subject=subject[rows], metadata={"licence": "MIT"}).save(
            folder / f"{name}.parquet"
        )
    return folder
