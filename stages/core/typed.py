"""The content of a file as a typed object, with one clear line for each mistake in it."""

import difflib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from stages.core.errors import StageError, shortened

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], content: Any, path: Path) -> Model:
    """A file's content as a typed object, or a StageError: for each wrong key its name, its value, what is allowed."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise StageError(*(_explain(model, path, problem) for problem in error.errors())) from error


def _explain(model: type[BaseModel], path: Path, problem: dict[str, Any]) -> str:
    """One line for one problem that pydantic found."""
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{path}: {key} is missing"
    if problem["type"] == "extra_forbidden":
        section: Any = model
        for part in problem["loc"][:-1]:  # a number is a place in a list
            section = section.model_fields[part].annotation if isinstance(part, str) else get_args(section)[0]
        known = list(section.model_fields)
        close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
        return f"{path}: unknown key {key}; {hint}"
    allowed = problem["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    return f"{path}: {key or 'the file'} is {shortened(repr(problem['input']))}; {allowed}"
