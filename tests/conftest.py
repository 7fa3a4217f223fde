"""What all tests share: how hypothesis searches."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "bankcard-ocr",
    deadline=None,  # a busy machine is no failure
    derandomize="CI"
    in os.environ,  # the same examples every time, so that a red run is about the change; new ones at home
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("bankcard-ocr")
