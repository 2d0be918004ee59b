"""What a rule says to a text that it refuses."""

from petition.errors import FieldRefused


def refusal(rule, text: str) -> str:
    """The code a rule refuses `text` with, or "" where it passes."""
    try:
        rule(text)
    except FieldRefused as why:
        return why.code
    return ""


def outcome(rule, text: str) -> object:
    try:
        return rule(text)
    except FieldRefused as why:
        return why.code
