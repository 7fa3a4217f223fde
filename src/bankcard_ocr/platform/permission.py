"""What a cloud function may call: the list in its ``config.json``.

>>> listed('{"permissions": {"openapi": ["ocr.bankcard"]}}')
('ocr.bankcard',)
"""

from __future__ import annotations

import json


def listed(config: str | bytes) -> tuple[str, ...]:
    """The APIs that a function's ``config.json`` lists. Raises ValueError when it is no such file."""
    try:
        content = json.loads(config)
        names = content.get("permissions", {}).get("openapi", [])
    except (ValueError, RecursionError, AttributeError) as error:
        raise ValueError('config.json must read {"permissions": {"openapi": ["ocr.bankcard"]}}') from error
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ValueError("permissions.openapi of config.json must be a list of API names")
    return tuple(dict.fromkeys(names))
