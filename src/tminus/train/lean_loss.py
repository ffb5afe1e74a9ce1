"""The trainer's loss without what it computes beside it: no wait for the device within a step.

TRL's trainer also computes entropy and accuracy of every micro-batch, and asks the device for them and for
the number of tokens: three waits a micro-batch, and work over the whole vocabulary. Here the loss is all that
is computed; tokens are counted on the device and asked for when the trainer logs, which waits for it anyway.
"""

from __future__ import annotations

from typing import Any

import torch
import trl
from trl.trainer.utils import add_fused_lm_head


class LeanLossTrainer(trl.SFTTrainer):  # type: ignore[misc]  # trl has no types
    """An SFTTrainer with the same loss, that computes nothing else.

    A mixture of experts, whose routers have a loss of their own, is left to TRL.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain = self.label_smoother is None and self.compute_loss_func is None
        self._lean = plain and self.args.loss_type == "nll" and not self.aux_loss_enabled
        self._uncounted: Any = 0
        if self._lean:
            unwrapped = self.accelerator.unwrap_model(self.model)
            base = unwrapped.get_base_model() if hasattr(unwrapped, "get_base_model") else unwrapped
            # Over the one that TRL has set, which would compute the rest as well.
            add_fused_lm_head(base, outputs=("log_probs",))

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean negative log-likelihood of the learned tokens, as TRL defines it."""
        if return_outputs or not self._lean:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        inputs["use_cache"] = False
        outputs = model(**inputs, fused_lm_head=True)
        learned = outputs.label_mask.sum() if num_items_in_batch is None else num_items_in_batch
        loss = -outputs.log_probs.sum() / torch.as_tensor(learned).clamp(min=1)
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            # All ranks' tokens were counted, and DDP takes the mean of the ranks' gradients.
            loss = loss * self.accelerator.num_processes
        if self.model.training:
            mask = inputs.get("attention_mask")
            self._uncounted = self._uncounted + (
                inputs["position_ids"].size(1) if mask is None else mask.sum()
            )
        return loss

    def count_tokens(self) -> None:
        """Add what was trained on since the last call to the total. Waits for the device and all ranks."""
        if self._lean:
            own = torch.as_tensor(self._uncounted, device=self.accelerator.device)
            self._total_train_tokens += int(self.accelerator.reduce(own, reduction="sum").item())
            self._uncounted = 0

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log, with the tokens so far."""
        if self._lean and self.model.training:
            self.count_tokens()
            self._metrics["train"]["num_tokens"] = [self._total_train_tokens]
        super().log(logs, start_time)
