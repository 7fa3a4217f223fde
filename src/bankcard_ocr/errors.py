"""Every exception of the package, each carrying the facts of what happened.

::

    BankcardError
    ├── NumberError                 a card number is not one (numbers/)
    │   ├── InvalidFormat           other characters than digits, spaces, hyphens
    │   ├── InvalidLength           not 12 to 19 digits
    │   └── InvalidChecksum         the Luhn check digit does not hold
    ├── InvalidTable                a table of issuers is wrong: its line, and how
    ├── PictureError                no pixels to read                     errcode 101002
    │   ├── NotAPicture             no known format, or damaged
    │   └── PictureTooLarge         over the limit of bytes or pixels
    ├── Refused                     no number returned, on purpose        errcode 101001
    │   ├── NoCardFound             nothing on the picture looks like a card number
    │   ├── NumberUnreadable        a number is there and cannot be read with certainty
    │   └── CardsDiffer             several pictures of one card were promised, and they show different ones
    ├── FetchError                  ``img_url`` gave no picture           errcode 101000
    ├── CallError                   the platform refuses the call         its own errcode
    │   └── TooSlow                 its body took too long to come
    ├── Busy                        at capacity; try again                errcode -1
    ├── StateError                  the state store is out of reach       errcode -1
    ├── SettingsError               a setting is wrong: its name, its source, what it may be
    ├── BulkError                   a bulk run cannot begin or go on
    │   └── BulkMisuse              it was asked for what cannot be: INPUT, OUT or an option is wrong
    └── cloud.CloudError            a call of the Python cloud SDK failed: its errCode and errMsg

Messages say what happened, then what to do, and never hold a whole card number, token or secret.
``cause`` is the same in a few lower-case words, fit for a reply's hint; ``common_cause`` leaves out what differs from
picture to picture, so that many calls can be counted by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .reading import Seen


class BankcardError(Exception):
    """Base of all errors of this package. They travel between processes with all of their facts."""

    @property
    def cause(self) -> str:
        """A few lower-case words for a reply's hint."""
        return str(self)

    @property
    def common_cause(self) -> str:
        """``cause`` without what differs from picture to picture."""
        return self.cause

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self.args, self.__dict__)


def _remade(kind: type[BankcardError], args: tuple[Any, ...], facts: dict[str, Any]) -> BankcardError:
    """The error that another process pickled: its message is made already, so ``__init__`` is not called again."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class NumberError(BankcardError, ValueError):
    """A card number is not one. The message never holds the number."""


class InvalidFormat(NumberError):
    """The text has characters a card number cannot have."""

    def __init__(self) -> None:
        super().__init__("only digits, spaces and hyphens may stand in a card number")


class InvalidLength(NumberError):
    """The number has ``got`` digits, where ``shortest`` to ``longest`` are allowed."""

    def __init__(self, got: int, *, shortest: int, longest: int) -> None:
        super().__init__(f"a card number has {shortest} to {longest} digits, this one has {got}")
        self.got = got
        self.shortest = shortest
        self.longest = longest


class InvalidChecksum(NumberError):
    """The number's last digit is not the Luhn check digit of the others."""

    def __init__(self) -> None:
        super().__init__("the check digit does not hold; a digit is wrong or two are swapped")


class InvalidTable(BankcardError, ValueError):
    """Line ``line`` of a table of issuers is wrong; ``reason`` says how."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"table of issuers, line {line}: {reason}")
        self.line = line
        self.reason = reason


class PictureError(BankcardError):
    """The bytes give no picture to read."""


class NotAPicture(PictureError):
    """The bytes are no picture of a known format, or it is damaged; ``reason`` says which.

    ``extra`` is what of the package would have to be installed to read it: the message says how, the cause, which may
    go to who cannot, does not.
    """

    def __init__(self, reason: str, *, extra: str = "") -> None:
        install = f', or pip install "bankcard-ocr[{extra}]"' if extra else ""
        super().__init__(f"not a readable picture: {reason}{install}")
        self.reason = reason
        self.extra = extra

    @property
    def cause(self) -> str:
        return self.reason


class PictureTooLarge(PictureError):
    """The picture has ``got`` ``unit`` (``bytes`` or ``pixels``) where ``limit`` are allowed.

    Of a file no more bytes than one too many are read: it may have more than it ``got``.
    """

    def __init__(self, *, got: int, limit: int, unit: str) -> None:
        size = f"{got} {unit}, over the limit of {limit}" if unit == "pixels" else f"over {limit} {unit}, the limit"
        super().__init__(f"the picture has {size}; send a smaller one")
        self.got = got
        self.limit = limit
        self.unit = unit

    @property
    def cause(self) -> str:
        return f"size: over {self.limit} {self.unit}"


class Refused(BankcardError):
    """The picture was read and no number is returned, on purpose.

    ``confidence`` is the calibrated probability of the best candidate, ``seen`` what the picture showed nevertheless:
    None unless details or pictures were asked for, and where several pictures show different cards.
    """

    confidence: float = 0.0
    seen: Seen | None = None


class NoCardFound(Refused):
    """Nothing on the picture looks like a card number."""

    def __init__(self) -> None:
        super().__init__("no card found")


class NumberUnreadable(Refused):
    """A number is there and cannot be read with certainty.

    ``digits`` are the 1-based places of the least certain digits, empty when the whole line is in doubt;
    ``confidence`` is the calibrated probability that the best candidate is right, in [0, 1]. ``is_cut``: it ends at
    the picture's edge, where more of it may have been cut off. ``is_unlike``: it is clear, and no card's number, as of
    gift cards, orders and telephones, or a part of one.
    """

    def __init__(
        self,
        *,
        digits: tuple[int, ...] = (),
        confidence: float = 0.0,
        is_cut: bool = False,
        is_unlike: bool = False,
    ) -> None:
        self.digits = digits
        self.confidence = confidence
        self.is_cut = is_cut
        self.is_unlike = is_unlike
        if is_cut:
            reason = ": at the edge, perhaps cut off"
        elif is_unlike:
            reason = ": not as card numbers are"
        else:
            reason = f": digits {_ranges(digits)} uncertain" if digits else ""
        super().__init__("number unreadable" + reason)

    @property
    def common_cause(self) -> str:
        is_of_digits = bool(self.digits) and not self.is_cut and not self.is_unlike
        return "number unreadable: digits uncertain" if is_of_digits else self.cause


class CardsDiffer(Refused):
    """Pictures that should show one card contradict one another."""

    def __init__(self) -> None:
        super().__init__("the pictures show different cards")


class FetchError(BankcardError):
    """The download of ``img_url`` was refused or failed.

    ``stage`` is one of ``url``, ``dns``, ``address``, ``connect``, ``tls``, ``redirect``, ``status``, ``size``,
    ``type``, ``timeout``; ``reason`` the cause in a few words. The message is ``stage: reason``, or ``reason`` alone
    when it begins with the stage (``status 403``).
    """

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason if reason.startswith(f"{stage} ") else f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason


class CallError(BankcardError):
    """The platform refuses a call with its error code ``errcode``; ``reason`` goes into the reply's hint."""

    def __init__(self, errcode: int, reason: str = "") -> None:
        super().__init__(f"errcode {errcode}" + (f": {reason}" if reason else ""))
        self.errcode = errcode
        self.reason = reason

    @property
    def cause(self) -> str:
        return self.reason


class TooSlow(CallError):
    """The body of a call took longer than ``limit_s`` to come; each kind of call has its ``errcode`` for it."""

    def __init__(self, errcode: int, *, limit_s: float) -> None:
        super().__init__(errcode, f"the body took over {limit_s:g} s")
        self.limit_s = limit_s


class Busy(BankcardError):
    """All places are taken, or what ``reason`` says is; ``retry_after_s`` is when to try again, in seconds."""

    def __init__(self, reason: str = "", *, retry_after_s: float = 1.0) -> None:
        super().__init__(f"busy: {reason}" if reason else "busy")
        self.retry_after_s = retry_after_s


class StateError(BankcardError):
    """The state store was not reached, or its answer lost. The message is for operators, ``cause`` for strangers."""

    AWAY = "the state store is unavailable"

    @property
    def cause(self) -> str:
        return self.AWAY


class SettingsError(BankcardError):
    """Setting ``name`` from ``source`` is wrong; ``reason`` says what it may be."""

    def __init__(self, name: str, source: str, reason: str) -> None:
        super().__init__(f"setting {name} from {source}: {reason}")
        self.name = name
        self.source = source
        self.reason = reason


class BulkError(BankcardError):
    """A bulk run cannot begin or go on; nothing that was written is lost."""


class BulkMisuse(BulkError):
    """INPUT, OUT or an option of a bulk run is wrong; the same run again would be refused again."""


def _ranges(digits: tuple[int, ...]) -> str:
    """Ascending places as text: (1, 2, 3, 7) -> "1-3, 7"."""
    runs: list[list[int]] = []
    for digit in digits:
        if runs and digit == runs[-1][1] + 1:
            runs[-1][1] = digit
        else:
            runs.append([digit, digit])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)
