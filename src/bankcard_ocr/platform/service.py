"""One call of the platform: token -> permission -> addresses -> its endpoint's function -> reply, record, observer.

:class:`Service` knows no sockets. It never raises: every failure becomes the reply that the contract has for it, with a
hint of stage and cause. Who calls is found and authorised here, by what the endpoint is declared as; what a call comes
to is told by the functions in ``recognition``, ``tokens``, ``quota`` and ``lookups``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Protocol

from ..errors import BankcardError, Busy, CallError, StateError
from . import endpoints, lookups, quota, recognition, records, tokens, wire
from .call import Call
from .callers import Callers, Client, Credentials
from .endpoints import ENDPOINTS, Endpoint
from .resources import Resources
from .state.base import App, Record
from .wire import Reply, Request


class Observer(Protocol):
    """Who is told of each call: a log, metrics."""

    def __call__(self, record: Record, fault: Exception | None) -> None:
        """``record`` is masked; ``fault`` is the exception nobody foresaw, or what became of the store."""
        ...


class Service:
    """Answers the calls of the platform. Threads share it."""

    def __init__(self, resources: Resources, *, observer: Observer, clock: Callable[[], float] = time.time) -> None:
        self._resources = resources
        self._clock = clock
        self._observer = observer
        self._callers = Callers(resources.state)

    def answer(self, request: Request) -> Reply:
        """The reply to ``request``. A record of the call is kept for ``rid/get``, and the observer told."""
        now = self._clock()
        started = time.perf_counter()
        call = Call(request=request, rid=wire.rid(now, secrets.token_bytes), now=now)
        fault: Exception | None = None
        try:
            reply = self._route(call)
        except Exception as error:  # noqa: BLE001  (the one place where every error becomes a reply)
            reply = wire.refusal(error, call.rid, client_ip=request.client_ip)
            fault = _fault(error)
        self._keep(records.record(call, reply, (time.perf_counter() - started) * 1000), fault)
        return quota.with_headers(reply, call)

    def refuse(self, request: Request, error: BankcardError, *, because: Exception | None = None) -> Reply:
        """The reply to a call that ``error`` ended before it came here. Being busy asks nothing of the store.

        ``because`` is what ``error`` stands for: the observer is told where nobody foresaw it, or the store failed.
        """
        now = self._clock()
        call = Call(request=request, rid=wire.rid(now, secrets.token_bytes), now=now, stage="admission")
        reply = wire.refusal(error, call.rid, client_ip=request.client_ip, because=because)
        if isinstance(error, Busy):
            self._tell(records.record(call, reply, 0.0), None)
            return reply
        fault = None if because is None else _fault(because)
        if not isinstance(fault, StateError):
            with suppress(CallError, StateError):  # a record that no app may ask for is kept, too
                call.appid = self._callers.by_token(request.access_token(), now).appid
        self._keep(records.record(call, reply, 0.0), fault)
        return reply

    def permissions(self, access_token: str) -> tuple[str, ...]:
        """The names that the cloud functions of this token's app may call. Raises CallError or StateError."""
        return self._callers.by_token(access_token, self._clock()).permissions

    def _route(self, call: Call) -> Reply:
        endpoint = ENDPOINTS.get(call.request.path)
        if endpoint is None:
            raise CallError(40066, _meant(call.request.path))
        if call.request.method != "POST" and (endpoint.post_only or call.request.method != "GET"):
            raise CallError(43002)
        if endpoint in _BY_TOKEN:
            return _BY_TOKEN[endpoint](self._resources, call, self._callers.authorized(call, endpoint.api))
        given, answer = _BY_SECRET[endpoint]
        return answer(self._resources, call, self._callers.authenticated(call, given(call), endpoint.api))

    def _keep(self, record: Record, fault: Exception | None) -> None:
        if not isinstance(fault, StateError):  # a store that is away would take its time again
            try:
                self._resources.state.put_record(record)
            except StateError as error:  # the reply stands without its record
                fault = fault or error
        self._tell(record, fault)

    def _tell(self, record: Record, fault: Exception | None) -> None:
        with suppress(Exception):  # a log that cannot be written takes no reply away
            self._observer(record, fault)


_BY_TOKEN: Mapping[Endpoint, Callable[[Resources, Call, App], Reply]] = MappingProxyType(
    {
        endpoints.RECOGNIZE: recognition.recognize,
        endpoints.CLEAR_QUOTA: quota.clear,
        endpoints.GET_QUOTA: quota.get,
        endpoints.CLEAR_API_QUOTA: quota.clear_path,
        endpoints.GET_RID: lookups.get_rid,
        endpoints.CALLBACK_ADDRESSES: lookups.addresses,
        endpoints.API_ADDRESSES: lookups.addresses,
    }
)
_BY_SECRET: Mapping[Endpoint, tuple[Callable[[Call], Credentials], Callable[[Resources, Call, Client], Reply]]] = (
    MappingProxyType(
        {
            endpoints.TOKEN: (tokens.of_parameters, tokens.token),
            endpoints.STABLE_TOKEN: (tokens.of_json, tokens.stable_token),
            endpoints.CLEAR_QUOTA_BY_SECRET: (quota.of_secret, quota.clear_by_secret),
        }
    )
)


def _meant(path: str) -> str:
    """What a path that is none was meant to be, where a capital letter, a blank or a sign is all that is wrong."""
    before = wire.before_query(path)
    alone = "".join(before.split()).lower()
    if alone not in ENDPOINTS:
        return ""
    return f"{alone} is meant" + (", and its query begins with ?" if before != path else "")


def _fault(error: Exception) -> Exception | None:
    """``error`` where it is no reply that the contract has: nobody foresaw it, or the store failed."""
    return None if isinstance(error, BankcardError) and not isinstance(error, StateError) else error
