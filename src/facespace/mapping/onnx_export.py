"""A map as an ONNX graph: alone, or glued behind its network, which then speaks the other space (extra `onnx`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..embeddings import Floats
from ..errors import DimensionError, FileFormatError, missing_extra
from ..io import atomic_write, existing_file

_OPSET = 17
_PREFIX = "facespace_map_"


def export(weight: Floats, bias: Floats, labels: Mapping[str, str], path: Path, network: Path | None) -> Path:
    """Write y = x W + b, W (p, q), b (q,), behind `network` if given, to `path`; `labels` go into the metadata.

    The graph is: flatten to (batch, p), L2-normalise, multiply by W, add b. Input of the map alone: `embedding`; output
    in both cases: `mapped`. The parts are joined in the network's own opset, so its layers stay as they were.
    """
    try:
        import onnx
    except ImportError:
        raise missing_extra("onnx", "onnx", "writing ONNX files") from None

    if network is None:
        model = _map_model(weight, bias, "embedding", {"": _OPSET}, ir_version=8)
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
        tail = _map_model(weight, bias, inlet, opsets, ir_version=base.ir_version)
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


def _map_model(w: Floats, b: Floats, inlet: str, opsets: dict[str, int], ir_version: int) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    p, q = w.shape
    shape = None if inlet.startswith(_PREFIX) else ["batch", p]  # a network's output may have more axes
    flat, unit, weight, bias = (_PREFIX + name for name in ("flat", "unit", "weight", "bias"))
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", [inlet], [flat], name=_PREFIX + "flatten", axis=1),
            helper.make_node("LpNormalization", [flat], [unit], name=_PREFIX + "normalize", axis=1, p=2),
            helper.make_node("Gemm", [unit, weight, bias], ["mapped"], name=_PREFIX + "gemm"),
        ],
        "facespace_map",
        [helper.make_tensor_value_info(inlet, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("mapped", TensorProto.FLOAT, ["batch", q])],
        [numpy_helper.from_array(w, weight), numpy_helper.from_array(b, bias)],
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version)


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
