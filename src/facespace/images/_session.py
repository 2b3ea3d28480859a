"""Opening an ONNX file: the one place where ONNX Runtime's errors become ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ModelError


def onnx_session(path: Path, threads: int) -> Any:
    """An onnxruntime.InferenceSession on the CPU with `threads` threads for one call.

    With one thread it computes in the calling thread, so several callers use several cores.
    Raises ModelError when the file is missing, truncated or no ONNX network.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # what matters comes as an exception
    try:
        # Without fallback: its second try at the same prints to standard output.
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # its classes have no common base and are private
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{path} can't be loaded as an ONNX network: {reason}", "Is the file whole? Compare its size or get it again."
        ) from None
