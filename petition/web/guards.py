"""Who asks, as far as a limit needs to know; nothing of it is kept."""

import ipaddress
from collections.abc import Sequence

from petition.actions.limits import Rate
from petition.settings import Network
from petition.web import parts
from petition.web.parts import Asked


def client_address(scope_client: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address that a limit goes by.

    `X-Forwarded-For` is read from the right, and only as far as each hop before was a proxy we
    trust: whatever a client writes there itself stands to the left of what our proxy adds.
    """
    hops = [hop.strip() for line in forwarded for hop in line.split(",") if hop.strip()]
    address = _plain(scope_client)
    while hops and _trusted(address, trusted):
        address = _plain(hops.pop())
    return address


def _plain(written: str) -> str:
    """The address alone: some proxies add a port or brackets, and a socket for IPv6 writes IPv4 in its own way."""
    if ":" not in written and '"' not in written:
        return written
    text = written.strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return written
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def _trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in trusted)


def address_of(request: Asked) -> str:
    client = request.scope.get("client")
    forwarded = request.headers.getall("x-forwarded-for", [])
    return client_address(client[0] if client else "", forwarded, parts.of(request).settings.trusted_proxies)


def limit(request: Asked, what: str, rate: Rate) -> None:
    """Takes one from this network's bucket, or `TooMany`."""
    held = parts.of(request)
    held.limiter.take(what, rate, address_of(request), now=held.monotonic())


def burst(request: Asked) -> str | None:
    """The label of a burst from this network, if it is in one."""
    held = parts.of(request)
    return held.limiter.burst(address_of(request), now=held.monotonic())


def may_read_metrics(request: Asked) -> bool:
    """From this machine itself, not through a proxy on it; or with the token that follows from the server's key."""
    given = request.headers.get("authorization", "")
    if given == f"Bearer {parts.of(request).keys.metrics_token()}":
        return True
    proxied = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"))
    client = request.scope.get("client")
    try:
        return not proxied and client is not None and ipaddress.ip_address(_plain(client[0])).is_loopback
    except ValueError:
        return False
