"""Claim: the student's uncertainties over T = 1,000 passes come at least 10 times faster than pass by pass.

    python benchmarks/capacity_monte_carlo.py [SET] [--passes 1000] [--dim 10] [--floor 10]

Three ways to μ̂ and Σ̂ of every image (Gong and others 2019, eq. 6 and 7), with the same trained student, in one run:

- pass by pass: T calls of the student on the whole set, each with its own dropout masks, sums kept between calls. This is
  the plain way; calling it image by image, as the paper words it, is slower still.
- batched: `sampled_moments`, the same T draws of networks, all their weights side by side in few products.
- exact: `moments`, the limit T → ∞ in closed form; what `estimate_capacity` uses.

The passes by call are timed on a part of them and multiplied, and so said. CPU seconds on one core are compared, so that a
busy machine says the same as a free one. Equal means: the mean variances of the three agree to 2 %, and the difference of
sampled covariances from the exact ones is that of sampling.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from facespace.capacity import DeepMDS, EmbeddingStudent
from facespace.embeddings import EmbeddingSet


def pass_by_pass(student: EmbeddingStudent, vectors: np.ndarray, passes: int) -> tuple[np.ndarray, np.ndarray]:
    """μ̂ and Σ̂ from `passes` calls, each a forward pass with dropout as a deep learning library makes it."""
    rng = np.random.default_rng(0)
    module, x = student.module_, student.projection.centred(vectors)
    m = module.W.shape[1] // 2
    first, second, noise = np.zeros((len(x), m)), np.zeros((len(x), m, m)), np.zeros((len(x), m))
    for _ in range(passes):
        h = x @ module.A + module.a
        h *= (rng.random(h.shape, dtype=np.float32) >= student.dropout) / np.float32(1 - student.dropout)
        out = h @ module.W + np.maximum(h, 0) @ module.V + module.b
        mu = out[:, :m]
        first += mu
        second += mu[:, :, None] * mu[:, None, :]
        noise += np.exp(out[:, m:])
    mean = first / passes
    covariance = second / passes - mean[:, :, None] * mean[:, None, :]
    covariance[:, np.arange(m), np.arange(m)] += noise / passes
    return mean, covariance


def clock(work):
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", nargs="?", type=Path, help="embedding set; by default random vectors of LFW's size")
    parser.add_argument("--passes", type=int, default=1000)
    parser.add_argument("--dim", type=int, default=10)
    parser.add_argument("--floor", type=float, default=10.0, help="exit 1 if the ratio is below this")
    options = parser.parse_args()
    if options.set:
        vectors = EmbeddingSet.load(options.set).vectors
    else:
        rng = np.random.default_rng(0)
        vectors = rng.normal(size=(13_233, 64)) @ rng.normal(size=(64, 512)) + rng.normal(size=(13_233, 512))
    part = max(2, options.passes // 20)
    with threadpool_limits(1):
        student = EmbeddingStudent(DeepMDS(options.dim, steps=300).fit(vectors), steps=300).fit(vectors)
        student.moments(vectors[:500])
        (_, plain), called = clock(lambda: pass_by_pass(student, vectors, part))
        called *= options.passes / part
        sampled, batched = clock(lambda: student.sampled_moments(vectors, options.passes))
        limit, exact = clock(lambda: student.moments(vectors))
    variance = [float(np.trace(c, axis1=1, axis2=2).mean()) for c in (plain, sampled.covariance, limit.covariance)]
    error = float(np.sqrt(np.mean((sampled.covariance - limit.covariance) ** 2) / np.mean(limit.covariance**2)))
    print(f"{len(vectors):,} × {vectors.shape[1]}, m = {options.dim}, T = {options.passes}, one core, CPU seconds")
    print(f"pass by pass  {called:9.1f} s   mean variance {variance[0]:.5f}   ({part} passes timed)")
    print(f"batched       {batched:9.1f} s   mean variance {variance[1]:.5f}   ratio {called / batched:.1f}")
    print(f"exact         {exact:9.2f} s   mean variance {variance[2]:.5f}   ratio {called / exact:.0f}")
    print(f"batched against exact covariances: {100 * error:.1f} % (root mean square)")
    fine = max(variance) / min(variance) < 1.02 + 1 / part and error < 3 / np.sqrt(options.passes)
    print(f"ratio: {called / exact:.0f}; results {'equal' if fine else 'DIFFER'}")
    raise SystemExit(0 if fine and called / exact >= options.floor else 1)


if __name__ == "__main__":
    main()
