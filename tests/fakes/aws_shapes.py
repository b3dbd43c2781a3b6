"""Holds what a fake of AWS is asked and what it answers to botocore's own shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

Operation = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class ShapeError(AssertionError):
    """A request or an answer that AWS does not know."""


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def checked_shapes(
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    answer: Callable[[], Mapping[str, Any]],
) -> Mapping[str, Any]:
    """The answer to an operation ("UpdateService"). Raises ShapeError, with every fault."""
    model = _model(service).operation_model(operation)
    _check(f"{operation} is asked", parameters, model.input_shape)
    result = answer()
    _check(f"{operation} answers", result, model.output_shape)
    return result


def _check(what: str, data: Mapping[str, Any], shape: Any) -> None:
    """botocore does not check enumerations, lengths of lists or upper bounds: see fake_rules."""
    if shape is None:
        return
    unknown = sorted(set(data) - set(shape.members))
    report = ParamValidator().validate(data, shape)
    if report.has_errors() or unknown:
        raise ShapeError(f"{what}: {report.generate_report()} {unknown or ''}")
    _check_enumerations(what, data, shape)


def _check_enumerations(path: str, data: Any, shape: Any) -> None:
    if shape.type_name == "structure" and isinstance(data, Mapping):
        for name, value in data.items():
            if name not in shape.members:
                raise ShapeError(f"{path}: there is no {name}")
            _check_enumerations(f"{path}.{name}", value, shape.members[name])
    elif shape.type_name == "list":
        for value in data:
            _check_enumerations(path, value, shape.member)
    elif (enum := getattr(shape, "enum", None)) and data not in enum:
        raise ShapeError(f"{path}: {data!r} is none of {enum}")


def raise_client_error(operation: str, code: str, message: str) -> NoReturn:
    """As AWS refuses."""
    raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
