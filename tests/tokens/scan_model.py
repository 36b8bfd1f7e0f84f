"""The rules of the scan in plain Python, a loop where the engine has one statement. Tests compare what both find."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

LISTED = 200


@dataclass(eq=False)
class Owner:
    name: str
    email: str
    active: bool = True


@dataclass(eq=False)
class Item:
    """A token."""

    name: str
    owner: Owner
    ends: datetime
    permanent: bool = True
    revoked: bool = False
    replaced: bool = False
    used: datetime | None = None
    refused: datetime | None = None


@dataclass(eq=False)
class Mail:
    address: str
    state: str = "queued"
    attempts: int = 0


@dataclass
class Model:
    """`faults`: the open ones, as source and what they are about. `told`: which mail tells an address of a token at a threshold."""

    owners: list[Owner]
    tokens: list[Item]
    now: datetime
    zone: str = "UTC"
    days: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    tell_owners: bool = False
    faults: set[tuple[str, str]] = field(default_factory=set)
    told: dict[tuple[str, int, str], Mail] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)

    def left(self, token: Item) -> int:
        """Days from today to the token's last day, of the portal's zone."""
        zone = ZoneInfo(self.zone)
        last = token.ends - timedelta(microseconds=1)
        return (last.astimezone(zone).date() - self.now.astimezone(zone).date()).days

    def due(self) -> list[Item]:
        def is_due(token: Item) -> bool:
            live = token.permanent and not token.revoked and token.owner.active and token.ends > self.now
            return live and any(self.left(token) <= days for days in self.days)

        return [token for token in self.tokens if is_due(token)]

    def recipients(self, token: Item) -> set[str]:
        """An owner who is in Config too gets one mail, at the address as Config writes it."""
        email = token.owner.email
        known = {address.lower() for address in self.addresses}
        return set(self.addresses) | ({email} if self.tell_owners and email and email.lower() not in known else set())

    def tells(self, address: str) -> bool:
        """Does this address, in whatever letters, get mail at all?"""
        owners = {owner.email.lower() for owner in self.owners if self.tell_owners and owner.active}
        return address.lower() in {each.lower() for each in self.addresses} | owners

    def is_told(self, name: str, reached: int, address: str) -> bool:
        """At this number of days or at fewer, and not by a mail that was given up."""
        mails = (mail for (each, days, to), mail in self.told.items() if (each, to.lower()) == (name, address.lower()) and days <= reached)
        return any(mail.state != "failed" for mail in mails)

    def untold(self) -> dict[tuple[str, int, str], Item]:
        found = {}
        for token in self.due():
            reached = min(days for days in self.days if self.left(token) <= days)
            for address in self.recipients(token):
                if not self.is_told(token.name, reached, address):
                    found[token.name, reached, address] = token
        return found

    def broken(self) -> set[str]:
        """Tokens whose end broke something: used in the 30 days before it, until a week after; or refused in the last week."""

        def breaks(token: Item) -> bool:
            over = token.permanent and not token.revoked and not token.replaced and token.owner.active and token.ends <= self.now
            week_ago = self.now - timedelta(days=7)
            needed = token.ends > week_ago and token.used is not None and token.used >= token.ends - timedelta(days=30)
            refused = token.refused is not None and token.refused > week_ago and token.refused >= token.ends
            return over and (needed or refused)

        return {token.name for token in self.tokens if self.days and breaks(token)}

    def unreachable(self) -> set[str]:
        nobody = self.days and self.tell_owners and not self.addresses
        return {token.owner.name for token in self.due() if nobody and not token.owner.email}

    def scan(self) -> tuple[int, int, int, int]:
        """What the scan's row says: due, raised, cleared, emails queued."""
        due, before = {token.name for token in self.due()}, self.open("token-expiry")
        failed = {id(mail): mail for mail in (self.told.get(key) for key in self.untold()) if mail}
        for mail in failed.values():
            mail.state = "queued"
        mails = {address: Mail(address) for _name, _days, address in self.untold()}
        self.told |= {key: mails[key[2]] for key in self.untold()}
        self.mails += mails.values()
        self.keep("token-expiry", due)
        self.keep("token-expired-in-use", self.broken())
        self.keep("nobody-to-notify", self.unreachable())
        self.keep("notice-delivery", {address for address in self.open("notice-delivery") if self.tells(address)})
        return len(due), len(due - before), len(before - due), len(mails) + len(failed)

    def open(self, source: str) -> set[str]:
        return {about for each, about in self.faults if each == source}

    def keep(self, source: str, about: set[str]) -> None:
        self.faults = {fault for fault in self.faults if fault[0] != source} | {(source, each) for each in about}

    def deliver(self, refused: set[str]) -> list[tuple[str, list[str], int]]:
        """Each mail that is taken: its address, the tokens that it lists, and how many more it speaks of. Refused ones are given up."""
        taken = []
        for mail in [mail for mail in self.mails if mail.state == "queued"]:
            mail.attempts += 1
            names = self.still_to_tell(mail)
            if not names:
                mail.state = "failed" if mail.attempts > 1 else "dropped"
            elif mail.address in refused:
                mail.state = "failed"
                self.faults.add(("notice-delivery", mail.address))
            else:
                mail.state = "sent"
                reached = {address for address in self.open("notice-delivery") if address.lower() == mail.address.lower()}
                self.keep("notice-delivery", self.open("notice-delivery") - reached)
                listed = self.shared(names)
                taken.append((mail.address, listed, len(names) - len(listed)))
        return taken

    def shared(self, names: list[str]) -> list[str]:
        """As many of `names` as an email lists, in their order: the soonest of each owner first, then each owner's next."""
        owner = {token.name: token.owner for token in self.tokens}
        place: dict[str, int] = {}
        seen: dict[int, int] = {}
        for name in names:
            place[name] = seen[id(owner[name])] = seen.get(id(owner[name]), 0) + 1
        chosen = set(sorted(names, key=lambda name: (place[name], names.index(name)))[:LISTED])
        return [name for name in names if name in chosen]

    def still_to_tell(self, mail: Mail) -> list[str]:
        """What it lists, soonest first. The rest is forgotten, unless the mail may have been sent before."""
        items = {token.name: token for token in self.tokens}
        listed = []
        for key in [key for key, carrier in self.told.items() if carrier is mail]:
            token = items[key[0]]
            active = not token.revoked and not token.replaced and token.owner.active and not self.is_told(key[0], key[1] - 1, key[2])
            if self.tells(mail.address) and active and (mail.attempts > 1 or self.left(token) <= key[1]):
                listed.append(token)
            elif mail.attempts == 1:
                del self.told[key]
        return [token.name for token in sorted(listed, key=lambda token: (token.ends, token.name))]
