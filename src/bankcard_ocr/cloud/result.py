"""What a call comes to: a result, or the error that says why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

from ..errors import BankcardError
from ..platform import cloudcodes
from ..platform.endpoints import RECOGNIZE


class CloudError(BankcardError):
    """A cloud call failed: ``errCode`` is a number, ``errMsg`` reads ``openapi.ocr.bankcard:fail …``.

    ``vars(error)`` and ``error.to_dict()`` are ``{"errCode": …, "errMsg": …}``; the usual Python names
    ``err_code`` and ``err_msg`` work too.
    """

    def __init__(self, errCode: int, errMsg: str) -> None:  # noqa: N803  (the documented names)
        super().__init__(errCode, errMsg)
        self.errCode = errCode
        self.errMsg = errMsg

    def __str__(self) -> str:
        meaning = cloudcodes.MESSAGES.get(self.errCode, "")
        return f"errCode: {self.errCode} {meaning}".rstrip() + f" | errMsg: {self.errMsg}"

    @property
    def err_code(self) -> int:
        return self.errCode

    @property
    def err_msg(self) -> str:
        return self.errMsg

    def to_dict(self) -> dict[str, int | str]:
        """``{"errCode": …, "errMsg": …}``."""
        return {"errCode": self.errCode, "errMsg": self.errMsg}


Position = dict[str, Any]  # {"pos": {"leftTop": {"x": …, "y": …}, …}}, of a digit with its "confidence"


class BankcardResult(TypedDict):
    """What a call gives; further fields, in camelCase, when they were asked for: None where none is told.

    Pictures are base64 of JPEGs.
    """

    errCode: int
    errMsg: str
    number: str
    id: str
    confidence: NotRequired[float]
    validDate: NotRequired[str | None]
    issueDate: NotRequired[str | None]
    holderName: NotRequired[str | None]
    bankName: NotRequired[str | None]
    bankNameEn: NotRequired[str | None]
    cardName: NotRequired[str | None]
    cardType: NotRequired[str]
    network: NotRequired[str | None]
    bin: NotRequired[str | None]
    binTable: NotRequired[dict[str, str | None]]
    binCandidates: NotRequired[list[dict[str, str | None]]]
    imgSize: NotRequired[dict[str, int]]
    numberPosition: NotRequired[Position]
    digitPositions: NotRequired[list[Position]]
    cardPosition: NotRequired[Position | None]
    validDatePosition: NotRequired[Position | None]
    issueDatePosition: NotRequired[Position | None]
    holderNamePosition: NotRequired[Position | None]
    validDateConfidence: NotRequired[float | None]
    issueDateConfidence: NotRequired[float | None]
    holderNameConfidence: NotRequired[float | None]
    cards: NotRequired[list[dict[str, Any]]]
    picture: NotRequired[int]
    warnings: NotRequired[list[str]]
    cardPicture: NotRequired[str]
    numberPicture: NotRequired[str]
    redactedPicture: NotRequired[str]


def refusal(code: int, more: str = "") -> CloudError:
    """A failure of the cloud call itself."""
    return failure(code, cloudcodes.MESSAGES[code] + more)


def failure(code: int, message: str) -> CloudError:
    return CloudError(code, f"openapi.{RECOGNIZE.api}:fail {message}")


def result_of(reply: Mapping[str, Any]) -> BankcardResult:
    """The result that the server's ``reply`` to a recognition is. Raises CloudError for a failure."""
    if reply["errcode"] != 0:
        raise failure(reply["errcode"], str(reply.get("errmsg", "")))
    fields = _camel_keys({name: value for name, value in reply.items() if name not in {"errcode", "errmsg"}})
    return cast("BankcardResult", {"errCode": 0, "errMsg": f"openapi.{RECOGNIZE.api}:ok", **fields})


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _camel_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(name): _camel_keys(inner) for name, inner in value.items()}
    return [_camel_keys(inner) for inner in value] if isinstance(value, list) else value
