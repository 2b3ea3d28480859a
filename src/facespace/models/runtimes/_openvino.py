"""OpenVINO (extra `openvino`): reads its own IR (.xml with .bin), TFLite and ONNX."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ModelError, missing_extra, unknown_name
from ..card import ModelCard
from ._base import Floats, Network


class OpenVinoNetwork(Network):
    def __init__(self, card: ModelCard, paths: Sequence[Path], threads: int, callers: int) -> None:
        super().__init__(card)
        try:
            import openvino
        except ImportError:
            raise missing_extra("openvino", "openvino", f"the model {card.name}") from None
        core = openvino.Core()
        more = [str(path) for path in paths[1:]]  # the .bin of an .xml, wherever it was found
        try:
            model = core.read_model(str(paths[0]), *more)
            output = self._find_output(model)
            # Inputs that the embedding does not depend on, such as training labels, are cut off.
            network = openvino.Model([output.node], [model.inputs[0].get_node()], card.name)
            # One stream for each caller: calls at the same time then don't wait for each other.
            settings = {"INFERENCE_NUM_THREADS": threads * callers, "NUM_STREAMS": callers}
            self._compiled: Any = core.compile_model(network, "CPU", settings)
        except RuntimeError as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), "?")
            raise ModelError(
                f"{paths[0]} can't be loaded by OpenVINO: {reason}", "Is the file whole? Compare its size or get it again."
            ) from None
        self._local = threading.local()

    def _find_output(self, model: Any) -> Any:
        if not self.card.output:
            return model.outputs[0]
        names = {name: output for output in model.outputs for name in output.names}
        if self.card.output not in names:
            raise unknown_name("output", self.card.output, names)
        return names[self.card.output]

    def compute(self, batch: Any) -> Floats:
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        request = self._local.request
        request.infer({0: batch})
        return np.array(request.get_output_tensor(0).data, dtype=np.float32)  # a copy: the request reuses its memory
