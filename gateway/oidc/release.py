"""Which identifying claims a request asked for, and in which place (OIDC Core 5.4, 5.5)."""

from gateway.broker.login import Question
from gateway.broker.relying_party import CLAIMS


def asked_in_id_token(question: Question) -> frozenset[str]:
    """Give the claims asked for in the ID token: by the scope ``identity`` all, by ``claims`` those it names."""
    return CLAIMS if _asks_for_identity(question) else question.wanted.id_token


def asked_at_userinfo(question: Question) -> frozenset[str]:
    """Give the claims asked for at the userinfo endpoint."""
    return CLAIMS if _asks_for_identity(question) else question.wanted.userinfo


def _asks_for_identity(question: Question) -> bool:
    return "identity" in dict(question.reply)["scope"].split(" ")
