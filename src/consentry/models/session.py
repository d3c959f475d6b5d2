"""Run a verified ONNX file on the processor: threads and memory are set here, once, for all.

What was measured for these choices (three models loaded, one thread, 2 shared cores): without
`enable_mem_pattern`, which plans for inputs of one size, the process is 18 MB smaller and no
slower; without the arena YuNet takes 20 % longer. The layout that level `all` chooses makes YuNet
and OpenNSFW 4 and 1.6 times as fast, but the age model, whose maps are tiny, 1.7 times as slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consentry.config import Settings
from consentry.errors import ModelError

__all__ = ["Level", "Session"]

Level: TypeAlias = Literal["extended", "all"]
Floats: TypeAlias = NDArray[np.float32]


class Session:
    """One model in memory. `run` may be called from several threads; it releases the GIL."""

    def __init__(self, name: str, model: bytes, settings: Settings, level: Level = "all") -> None:
        """Load `model`, the bytes of an ONNX file whose SHA-256 has been verified.

        Raises:
            ModelError: onnxruntime cannot load it.
        """
        import onnxruntime  # a third of a second: only when a model is really loaded

        levels = {
            "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
            "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
        }
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = levels[level]
        options.intra_op_num_threads = settings.screening.model_threads
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False
        options.log_severity_level = 3  # errors only; they are raised as well
        # An idle thread that spins would take the processor from the detector beside it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.name = name
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own errors share no base class of their own
            raise ModelError(f"The model {name} cannot be loaded: {error}.") from error
        self.inputs = tuple(value.name for value in self._session.get_inputs())
        self.outputs = tuple(value.name for value in self._session.get_outputs())

    def expect(self, *outputs: str) -> None:
        """Refuse a file that takes more than one input or lacks one of `outputs`.

        Raises:
            ModelError: it does; such a file can only come from an operator's override.
        """
        lacking = [name for name in outputs if name not in self.outputs]
        if lacking or len(self.inputs) != 1:
            raise ModelError(
                f"The model {self.name} has not the shape needed: it takes {len(self.inputs)} "
                f"inputs instead of 1, and lacks {', '.join(lacking) or 'no output'}."
            )

    def run(self, feed: Floats) -> Mapping[str, Any]:
        """Compute all outputs, by name, from the model's one input.

        Raises:
            ModelError: the input does not fit the model, or onnxruntime cannot run it.
        """
        try:
            values = self._session.run(None, {self.inputs[0]: feed})
        except Exception as error:  # onnxruntime's own errors share no base class of their own
            raise ModelError(f"The model {self.name} cannot be run: {error}.") from error
        return dict(zip(self.outputs, values, strict=True))
