"""What to change in a script for each way in which a rehearsal can fail, and the rule that explains it."""

from __future__ import annotations

from enum import Enum


class Advice(Enum):
    """What to do, and the code of the rule for `tminus explain`; empty where no rule is about it."""

    RETRIES = ("give the function `retries=`: an attempt that fails or times out is then run again", "TM304")
    SAVE = ("save checkpoints during the training, to a volume", "TM402")
    VOLUME = ("write checkpoints below a path where a volume is mounted", "TM401")
    RESUME = ("look for the newest checkpoint on the volume at the start, and go on from it", "TM406")
    WEIGHTS = ("save the weights in the precision in which they are trained, and load all of them", "")
    OPTIMIZER = ("save `optimizer.state_dict()` with the weights, and load it too", "")
    RENAME = (
        "write a checkpoint under another name, and give it its own with `os.replace` when it is whole",
        "",
    )
    WHOLE = (
        "resume from whole checkpoints alone: a save that was cut short lacks what is written last, "
        "`trainer_state.json` of a Trainer",
        "",
    )
    EXIT_CODE = ("end with an error when the training has not come to its end, or no retry is made", "TM308")
    ONE_WRITER = ("let one container write to a path of the volume: the last writer wins", "TM411")
    DATA_ORDER = (
        "seed the data's order, and go on in it where the checkpoint was: nothing is skipped then",
        "",
    )

    @property
    def words(self) -> str:
        """What to do."""
        return self.value[0]

    @property
    def rule(self) -> str:
        """Code of the rule."""
        return self.value[1]
