"""Which spellings of an address reach one mailbox, provider by provider. Data; identity.py applies it.

A rule stands here only where the provider itself says so: a rule that is wrong lets one person sign
twice at worst when it is missing, but keeps a second, honest person out when it is too broad.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """`separator` and what follows it is a tag; `ignored` characters make no difference; `alike` maps equals.

    With `one_namespace` the same local part at any of `domains` is the same person's mailbox, known by
    the first of them.
    """

    domains: tuple[str, ...]
    one_namespace: bool = False
    separator: str = ""
    ignored: str = ""
    alike: tuple[tuple[str, str], ...] = ()


PROVIDERS: tuple[Provider, ...] = (
    # Google's help: dots do not matter in an address at gmail.com, mail to name+anything arrives, and
    # googlemail.com is the same mailbox. Not true of companies' own domains at Google, whose dots do matter.
    Provider(("gmail.com", "googlemail.com"), one_namespace=True, separator="+", ignored="."),
    # Microsoft documents +tags for its hosted mail, and its personal domains deliver them; a plus cannot
    # be part of a chosen address. Dots matter, and the same name at outlook.com and at hotmail.com are two
    # strangers: folding the family together would keep the second one from signing.
    Provider(
        (
            *("outlook.com", "outlook.fr", "outlook.de", "outlook.es", "outlook.it", "outlook.sa"),
            *("hotmail.com", "hotmail.fr", "hotmail.de", "hotmail.es", "hotmail.it", "hotmail.co.uk"),
            *("live.com", "live.fr", "live.de", "live.co.uk", "live.nl", "live.se", "msn.com"),
        ),
        separator="+",
    ),
    # Apple's help: an account made at mac.com or me.com has the same name at icloud.com. Apple's mail takes
    # +tags, and a plus cannot be part of a chosen address. Whether dots matter is not documented.
    Provider(("icloud.com", "me.com", "mac.com"), one_namespace=True, separator="+"),
    # Proton's help: dots, hyphens and underscores are ignored, +tags arrive, and one account owns its name
    # at all four domains.
    Provider(
        ("proton.me", "protonmail.com", "pm.me", "protonmail.ch"),
        one_namespace=True,
        separator="+",
        ignored=".-_",
    ),
    # Yandex's help: one login is one mailbox at each of these domains, a dot and a hyphen are the same
    # letter, and name+anything arrives.
    Provider(
        ("yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru"),
        one_namespace=True,
        separator="+",
        alike=((".", "-"),),
    ),
    # Fastmail's help: username+anything arrives. Each of its domains is a namespace of its own.
    Provider(("fastmail.com", "fastmail.fm"), separator="+"),
    # The help pages of mailbox.org, Posteo, Riseup, Disroot and Runbox each describe +tags.
    Provider(("mailbox.org", "posteo.de", "riseup.net", "disroot.org", "runbox.com"), separator="+"),
    # Left out, though often listed: Yahoo (tags after a hyphen hang on a second name the owner chose, whose
    # relation to the first is not public), GMX, Web.de, Mail.ru and Zoho (no clear word of their own found).
)

BY_DOMAIN: dict[str, Provider] = {domain: provider for provider in PROVIDERS for domain in provider.domains}
