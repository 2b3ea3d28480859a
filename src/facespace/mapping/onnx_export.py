"""A map as an ONNX graph: alone, or glued behind its network, which then speaks the other space (extra `onnx`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..embeddings import Floats
from ..errors import DimensionError, FileFormatError, missing_extra
from ..io import atomic_write, existing_file

_OPSET = 17
_PREFIX = "facespace_map_"


@dataclass(frozen=True, eq=False)
class Ratio:
    """What makes coordinates t = x W + b one side of a likelihood ratio: correlations r (k,), and of the source's side the

    target's weight (q, k) and bias (k,). The source gives (p, −1, α) with p = t Wᵀ, the target (y, β, 1) of normalised y.
    """

    correlations: Floats
    target: tuple[Floats, Floats] | None

    @property
    def source(self) -> bool:
        """Is it the source's side?"""
        return self.target is not None


def export(
    weight: Floats, bias: Floats, labels: Mapping[str, str], path: Path, network: Path | None, ratio: Ratio | None = None
) -> Path:
    """Write y = x W + b, W (p, q), b (q,), behind `network` if given, to `path`; `labels` go into the metadata.

    The graph is: flatten to (batch, p), L2-normalise, multiply by W, add b; with `ratio` what it makes of these. Input of
    the map alone: `embedding`; output in both cases: `mapped`. The parts are joined in the network's own opset, so its
    layers stay as they were.
    """
    try:
        import onnx
    except ImportError:
        raise missing_extra("onnx", "onnx", "writing ONNX files") from None

    if network is None:
        model = _map_model(weight, bias, "embedding", {"": _OPSET}, 8, ratio)
    else:
        existing_file(network, "the network")
        try:
            base = onnx.load(network)
            onnx.checker.check_model(base)
        except Exception as error:  # protobuf's and the checker's classes have no common base
            raise FileFormatError(
                f"{network} can't be read as ONNX: {str(error).splitlines()[0]}", "Is it truncated?"
            ) from None
        output = base.graph.output[0]
        _check_network_width(output, len(weight), labels.get("source", ""), network)
        if any(name == "mapped" or name.startswith(_PREFIX) for node in base.graph.node for name in node.output):
            # It ends in a map already; only its inputs keep their names.
            base = onnx.compose.add_prefix(base, "before_", rename_inputs=False)
            output = base.graph.output[0]
        opsets = {item.domain: item.version for item in base.opset_import}
        inlet = _PREFIX + "embedding"
        tail = _map_model(weight, bias, inlet, opsets, base.ir_version, ratio)
        model = onnx.compose.merge_models(base, tail, io_map=[(output.name, inlet)], outputs=["mapped"])
    model.producer_name = "facespace"
    for entry in [e for e in model.metadata_props if e.key.startswith("facespace.")]:
        model.metadata_props.remove(entry)
    for key, value in labels.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"facespace.{key}", value
    onnx.checker.check_model(model)
    with atomic_write(path) as temporary:
        onnx.save(model, temporary)
    return path


def _map_model(w: Floats, b: Floats, inlet: str, opsets: dict[str, int], ir_version: int, ratio: Ratio | None) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    p, q = w.shape
    shape = None if inlet.startswith(_PREFIX) else ["batch", p]  # a network's output may have more axes
    flat, unit, weight, bias = (_PREFIX + name for name in ("flat", "unit", "weight", "bias"))
    moved = "mapped" if ratio is None else _PREFIX + "coordinates"
    nodes = [
        helper.make_node("Flatten", [inlet], [flat], name=_PREFIX + "flatten", axis=1),
        helper.make_node("LpNormalization", [flat], [unit], name=_PREFIX + "normalize", axis=1, p=2),
        helper.make_node("Gemm", [unit, weight, bias], [moved], name=_PREFIX + "gemm"),
    ]
    arrays = {weight: w, bias: b}
    if ratio is not None:
        q = 2 + (p if ratio.target is None else len(ratio.target[0]))
        more, constants = _ratio_nodes(ratio, unit, moved)
        nodes, arrays = nodes + more, arrays | constants
    graph = helper.make_graph(
        nodes,
        "facespace_map",
        [helper.make_tensor_value_info(inlet, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("mapped", TensorProto.FLOAT, ["batch", q])],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()],
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version)


def _ratio_nodes(ratio: Ratio, unit: str, moved: str) -> tuple[list[Any], dict[str, Floats]]:
    """Behind the coordinates t (batch, k): `TwoSidedMap.query`, or `gallery`."""
    from onnx import helper

    square, length, none, one = (_PREFIX + name for name in ("square", "length", "none", "one"))
    arrays = {
        _PREFIX + "half": 0.5 * ratio.correlations[:, None],
        _PREFIX + "zero": np.zeros((1, 1), np.float32),
        _PREFIX + "unity": np.full((1, 1), -1 if ratio.source else 1, np.float32),
    }
    nodes = [
        helper.make_node("Mul", [moved, moved], [square], name=square),
        helper.make_node("MatMul", [square, _PREFIX + "half"], [length], name=length),  # q(t)
        helper.make_node("Mul", [length, _PREFIX + "zero"], [none], name=none),
        helper.make_node("Add", [none, _PREFIX + "unity"], [one], name=one),
    ]
    if ratio.target is None:
        return [*nodes, helper.make_node("Concat", [unit, length, one], ["mapped"], name=_PREFIX + "join", axis=1)], arrays
    turned, offset, own = (_PREFIX + name for name in ("turned", "offset", "own"))
    arrays |= {_PREFIX + "turn": ratio.target[0].T, _PREFIX + "shift": ratio.target[1][:, None]}
    nodes += [
        helper.make_node("MatMul", [moved, _PREFIX + "turn"], [turned], name=turned),
        helper.make_node("MatMul", [moved, _PREFIX + "shift"], [offset], name=offset),
        helper.make_node("Sub", [offset, length], [own], name=own),
        helper.make_node("Concat", [turned, one, own], ["mapped"], name=_PREFIX + "join", axis=1),
    ]
    return nodes, arrays


def _check_network_width(output: Any, wanted: int, source: str, network: Path) -> None:
    sizes = [axis.dim_value for axis in output.type.tensor_type.shape.dim][1:]
    width = 1
    for size in sizes:
        width *= size
    if sizes and width and width != wanted:
        raise DimensionError(
            f"{network} gives vectors of width {width}, but the map takes {wanted}",
            f"The map's source is {source!r}.",
        )
