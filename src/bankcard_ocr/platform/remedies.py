"""Every error code's usual cause, and what to do: the one text behind ``why RID`` and ``docs/errors.md``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Remedy(NamedTuple):
    """Why a code comes, and what to do about it."""

    cause: str
    remedy: str


REMEDIES: Mapping[int, Remedy] = MappingProxyType(
    {
        -1: Remedy(
            "The server is busy, which charges nothing; or its state store is out of reach or it has a fault, and when "
            "that came late the call was charged.",
            "Try again after the seconds of the Retry-After header; the server's log has the rest under the rid.",
        ),
        40001: Remedy(
            "The access_token is unknown, superseded by a newer one for over five minutes, or its app is gone.",
            "Get a new token; let one place in your system fetch it, or use stable_token.",
        ),
        40002: Remedy("grant_type is missing or wrong.", "Send grant_type=client_credential."),
        40013: Remedy(
            "There is no app with this appid, or it is not the app of the access_token.",
            "Compare with 'bankcard-ocr apps list'.",
        ),
        40066: Remedy("The path is none of the API's.", "Compare the path with the API's page at /docs."),
        40125: Remedy(
            "The secret is not the app's.",
            "Use the secret shown when it was made, or 'bankcard-ocr apps rotate-secret'.",
        ),
        40164: Remedy(
            "The app has a list of addresses and the caller's is not on it.",
            "Add the address of the message: 'bankcard-ocr apps whitelist APPID --add ADDRESS'. "
            "Behind a load balancer, set trusted_proxies.",
        ),
        41001: Remedy("The call has no access_token.", "Put it in the query: ?access_token=TOKEN."),
        41002: Remedy("The call has no appid.", "Send the app's appid."),
        41004: Remedy("The call has no secret.", "Send the app's secret."),
        41005: Remedy(
            "The server found neither a picture nor an img_url in the call, or a picture of 0 bytes.",
            "Send the picture as the multipart part img; the hint and the record of the call say what arrived instead.",
        ),
        42001: Remedy("The access_token is past its lifetime.", "Get a new token."),
        43002: Remedy("The path takes POST only.", "Send POST."),
        44002: Remedy("The body is empty.", "Send the JSON that the path asks for."),
        45009: Remedy(
            "The app has fetched 2,000 tokens today.",
            "Keep a token for its two hours, or use stable_token; clear_quota sets the count to 0.",
        ),
        45011: Remedy(
            "Too many calls in this minute, or too many wrong secrets from this address.",
            "Wait for the next minute, with wrong secrets for the seconds of the hint.",
        ),
        47001: Remedy(
            "The body is not the JSON that the path asks for, or too long; pan or return has a word that it does not "
            "know; or the Idempotency-Key is none, or was another call's.",
            "Send a JSON object in UTF-8; of pan, return and Idempotency-Key the hint says what they may be.",
        ),
        48001: Remedy(
            "The app is disabled, or was denied this API; or pan or return asks for more of the number than the call "
            "may get; or pan is jwe without a key of the app, or fingerprint without the server's "
            "fingerprint_key_file.",
            "'bankcard-ocr apps enable APPID' or 'bankcard-ocr apps allow APPID API'; for what the hint says of pan, "
            "'bankcard-ocr apps pan', 'bankcard-ocr apps set-key' or the setting.",
        ),
        48006: Remedy(
            "The app's quotas were cleared 10 times this month (of one path: 50 times).",
            "Wait for the next month in Beijing, or 'bankcard-ocr quota clear APPID'.",
        ),
        76001: Remedy("No call with this rid in the last seven days.", "Take the rid from the end of errmsg."),
        76002: Remedy("The rid has not the shape of one.", "Send its three groups of 8 hex digits."),
        76003: Remedy(
            "The call was another app's, or had no valid token.", "Ask with the token of the app that called."
        ),
        76021: Remedy("The cgi_path has no daily quota.", "Send /cv/ocr/bankcard or /cgi-bin/token."),
        76022: Remedy("The app was denied the API of this path.", "'bankcard-ocr apps allow APPID API'."),
        101000: Remedy(
            "The img_url is no http or https URL, is refused, or its download failed; the hint has stage and cause.",
            "Mend what the hint names; for addresses inside your network set allow_hosts or allow_private_networks.",
        ),
        101001: Remedy(
            "No card was found on the picture, or its number cannot be read with certainty. The call is charged.",
            "Take the picture again: closer, sharp, without glare, the whole number visible. Where the hint says 'not "
            "as card numbers are', no picture helps: it is a gift card's, an order's, a telephone's.",
        ),
        101002: Remedy(
            "The bytes are no picture, a damaged one, or one over the limit of bytes or pixels.",
            "Send a whole JPEG, PNG, WebP, BMP, GIF or TIFF of at most max_picture_bytes (2 MiB). "
            'Where the hint names an extra, the server takes that kind, too, after pip install "bankcard-ocr[heic]" '
            'or pip install "bankcard-ocr[pdf]".',
        ),
        101003: Remedy(
            "The app's recognitions of today are used up.",
            "Wait for midnight in Beijing, or raise it: 'bankcard-ocr apps limits APPID --daily-limit N'.",
        ),
    }
)
