"""Secrets of the services that this project talks to and detect-secrets has no detector for."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class HuggingFaceDetector(RegexBasedDetector):
    """A token of the Hugging Face Hub."""

    secret_type = "Hugging Face token"  # pragma: allowlist secret
    denylist = (re.compile(r"\bhf_[A-Za-z0-9]{30,}\b"),)


class GoogleDetector(RegexBasedDetector):
    """An OAuth client's secret, an access token or a refresh token of Google."""

    secret_type = "Google OAuth credential"  # pragma: allowlist secret
    denylist = (
        re.compile(r"\bGOCSPX-[\w-]{20,}"),
        re.compile(r"\bya29\.[\w-]{20,}"),
        re.compile(r"(?<![\w/:])1//0[\w-]{30,}"),
    )
