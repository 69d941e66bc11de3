"""The parts of the model of one module, each made of the ones before it."""

from __future__ import annotations

import ast

from flake8_cancel.code.api import Facts
from flake8_cancel.code.meaning.classes import Classes
from flake8_cancel.code.meaning.definitions import Definitions
from flake8_cancel.code.meaning.kinds import Kinds
from flake8_cancel.code.meaning.names import Names
from flake8_cancel.code.meaning.origins import Origins
from flake8_cancel.code.meaning.references import References
from flake8_cancel.code.meaning.survey import survey_of
from flake8_cancel.code.ownership.owners import Owners
from flake8_cancel.code.ownership.starts import Starts


class Model:
    """What ``Module`` asks. It costs a walk over the whole tree.

    Args:
        tree: the syntax tree.
        facts: what the user told about the code.
    """

    def __init__(self, tree: ast.Module, facts: Facts) -> None:
        self.survey = survey_of(tree)
        self.names = Names(self.survey, facts.target)
        self.definitions = Definitions(self.survey, self.names)
        self.classes = Classes(self.survey, self.names, self.definitions, facts.target)
        self.kinds = Kinds(self.survey, self.names, self.definitions)
        self.references = References(self.kinds)
        self.owners = Owners(self.kinds, self.references)
        self.origins = Origins(self.kinds)
        self.starts = Starts(self.kinds, self.references, self.owners)
