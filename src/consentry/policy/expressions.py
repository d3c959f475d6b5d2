"""The language of rules: CEL, with every category and every context variable declared.

A misspelt name or a comparison of unlike types is found when the policy is read, with a caret
under it. Why CEL: docs/decisions/0003-policy-in-cel.md.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cel_expr_python import cel

from consentry.policy.context import CONTEXT_VARIABLES, Value
from consentry.policy.taxonomy import Taxonomy

__all__ = ["Condition", "Conditions", "EvaluationError", "ExpressionError", "Language"]

_TYPES: Final = {"STRING": cel.Type.STRING, "BOOL": cel.Type.BOOL, "INT": cel.Type.INT}

_FAULT = re.compile(r"ERROR: <input>:(\d+):(\d+): ")
_NOISE = re.compile(
    r"^INVALID_ARGUMENT: | \(in container ''\)| \[INVALID_ARGUMENT\]$", re.MULTILINE
)
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
_STRING = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class ExpressionError(ValueError):
    """An expression does not compile; the message shows where, with a caret."""


class EvaluationError(RuntimeError):
    """An expression that compiles gave no yes or no: a division by zero, a bad pattern."""


class Condition:
    """A compiled expression that is true or false.

    Attributes:
        text: as it was written.
        names: the variables that it names, in the order in which they first appear.
    """

    __slots__ = ("_expression", "names", "text")

    def __init__(self, text: str, names: tuple[str, ...], expression: Any) -> None:  # noqa: ANN401  cel-expr-python ships no types that mypy reads
        """Made by `Language.compile`."""
        self.text = text
        self.names = names
        self._expression = expression

    def holds(self, activation: Any) -> bool:  # noqa: ANN401  as above
        """Whether it is true of what `Language.bind` gave.

        Raises:
            EvaluationError: it gave neither true nor false.
        """
        try:
            answer = self._expression.eval(activation).plain_value()
        except RuntimeError as error:
            raise EvaluationError(str(error)) from error
        if answer is True or answer is False:
            return bool(answer)
        raise EvaluationError(f"it gave {answer!r} in place of true or false")


class Conditions:
    """Several conditions that are judged in one step: a third of the time of one after another."""

    __slots__ = ("_each", "_list")

    def __init__(self, each: tuple[Condition, ...], expression: Any) -> None:  # noqa: ANN401  as above
        """Made by `Language.together`."""
        self._each = each
        self._list = expression

    def hold(self, activation: Any) -> list[bool | EvaluationError]:  # noqa: ANN401  as above
        """For each condition whether it holds, or why that cannot be said."""
        if self._list is not None:
            answers = self._list.eval(activation).plain_value()
            if isinstance(answers, list) and all(type(answer) is bool for answer in answers):
                return answers
        return [_held(condition, activation) for condition in self._each]


class Language:
    """What rules of one taxonomy may be written with; safe to use from several threads."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        """Declare a DOUBLE for each category and the context variables by their types."""
        types: dict[str, Any] = {category.name: cel.Type.DOUBLE for category in taxonomy}
        types |= {name: _TYPES[variable.type] for name, variable in CONTEXT_VARIABLES.items()}
        self._names = frozenset(types)
        self._zeros = {category.name: 0.0 for category in taxonomy}
        self._env = cel.NewEnv(variables=types)

    def compile(self, text: str) -> Condition:
        """Compile `text`.

        Raises:
            ExpressionError: it does not compile, or gives something other than true or false.
        """
        try:
            expression = self._env.compile(text)
        except RuntimeError as error:
            raise ExpressionError(_readable(str(error), self._names)) from error
        kind = expression.return_type().name()
        if kind != "BOOL":
            raise ExpressionError(f"it gives {kind}, not true or false\n | {text}\n | ^")
        return Condition(text, self._named_in(text), expression)

    def together(self, conditions: Iterable[Condition]) -> Conditions:
        """Put conditions that compiled each for itself together."""
        each = tuple(conditions)
        # The line break ends a comment that a condition may close with.
        text = "[" + ", ".join(f"({condition.text}\n)" for condition in each) + "]"
        try:
            return Conditions(each, self._env.compile(text))
        except RuntimeError:  # too long or too deep for one expression: each is judged for itself
            return Conditions(each, None)

    def bind(self, values: Mapping[str, Value]) -> Any:  # noqa: ANN401  as above
        """What a `Condition` is judged by: `values`, and 0.0 for every other category."""
        return self._env.Activation({**self._zeros, **values})

    def _named_in(self, text: str) -> tuple[str, ...]:
        paths = _PATH.findall(_STRING.sub("''", text))
        found = (self._longest(path) for path in paths)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def _longest(self, path: str) -> str | None:
        """The variable that `path` begins with: `stage` in `stage.startsWith`."""
        while path and path not in self._names:
            path = path.rpartition(".")[0]
        return path or None


def _held(condition: Condition, activation: Any) -> bool | EvaluationError:  # noqa: ANN401  as above
    try:
        return condition.holds(activation)
    except EvaluationError as error:
        return error


def _readable(message: str, names: Iterable[str]) -> str:
    plain = _NOISE.sub("", message).strip()
    plain = _FAULT.sub(r"line \1, column \2: ", plain)
    return _UNDECLARED.sub(lambda match: match[0] + _suggestion(match[1], names), plain)


def _suggestion(wrong: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, list(names), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
