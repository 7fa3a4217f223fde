"""The APIs by their documented names: ``openapi.ocr.bankcard``, and what is said of those that are not served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Unpack

from ..platform import cloudcodes
from .arguments import Arguments
from .result import BankcardResult, CloudError

Call = Callable[[Mapping[str, Any]], BankcardResult]  # of what is given to a recognition
AsyncCall = Callable[[Mapping[str, Any]], Awaitable[BankcardResult]]


class _Served:
    """APIs that are served here. To call one of any other name raises CloudError -604100, as in Node.js."""

    _prefix = ""  # of the names of its APIs

    if not TYPE_CHECKING:  # for which a name that is none stays a mistake

        def __getattr__(self, name: str) -> _Absent:
            if name.startswith("_"):  # what Python itself asks of any object
                raise AttributeError(name)
            return _Absent(f"{self._prefix}{name}")


class _Absent(_Served):
    """An API, or APIs, that are not served here."""

    def __init__(self, name: str) -> None:
        self._name, self._prefix = name, f"{name}."

    def __call__(self, *_args: object, **_given: object) -> NoReturn:
        raise CloudError(cloudcodes.NOT_FOUND, f"openapi.{self._name}:fail {cloudcodes.MESSAGES[cloudcodes.NOT_FOUND]}")


class _Ocr(_Served):
    _prefix = "ocr."

    def __init__(self, call: Call) -> None:
        self._call = call

    def bankcard(self, params: Mapping[str, Any] | None = None, /, **given: Unpack[Arguments]) -> BankcardResult:
        """The number of the card on the picture at ``imgUrl``, or in ``img``. Raises CloudError.

        Further arguments are those of :class:`Arguments`. They may also stand in one mapping ``params``, as in Node.js.
        """
        return self._call({**given, **(params or {})})


class _AsyncOcr(_Served):
    _prefix = "ocr."

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def bankcard(self, params: Mapping[str, Any] | None = None, /, **given: Unpack[Arguments]) -> BankcardResult:
        """As :meth:`OpenApi.ocr.bankcard`, without blocking."""
        return await self._call({**given, **(params or {})})


class OpenApi(_Served):
    """``openapi``: the APIs of the platform, by their documented names."""

    def __init__(self, call: Call) -> None:
        self.ocr = _Ocr(call)


class AsyncOpenApi(_Served):
    """``aio.openapi``: the same, to be awaited."""

    def __init__(self, call: AsyncCall) -> None:
        self.ocr = _AsyncOcr(call)


class Aio:
    """``aio``: the asynchronous side."""

    def __init__(self, call: AsyncCall) -> None:
        self.openapi = AsyncOpenApi(call)
