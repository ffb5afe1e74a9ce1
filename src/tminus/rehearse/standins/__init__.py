"""Stand-ins: models and data sets of the real architecture and schema, small enough for two CPU cores.

They are made on the spot, without a network: random weights, a tokenizer trained from the standard
library's docstrings, and rows that the user gives or that are made from the same docstrings.
"""

from tminus.rehearse.standins.columns import code_of, shape_from_code
from tminus.rehearse.standins.datasets import StandInDataset, make_dataset, make_given_dataset
from tminus.rehearse.standins.errors import NoStandInError
from tminus.rehearse.standins.models import StandInModel, make_model, shape_of_model
from tminus.rehearse.standins.published import published_model

__all__ = [
    "NoStandInError",
    "StandInDataset",
    "StandInModel",
    "code_of",
    "make_dataset",
    "make_given_dataset",
    "make_model",
    "published_model",
    "shape_from_code",
    "shape_of_model",
]
