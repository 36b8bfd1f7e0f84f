"""After the faults: was every promise kept? What the mail server took is held against what the tokens and Config say now."""

import re
from collections import Counter, defaultdict
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from portal.faults.models import Fault
from portal.notifications.models import Message
from tests.fault_injection.injection import FaultInjection
from tests.fault_injection.mail_server import Accepted
from tests.fault_injection.people import ADDRESSES, LADDER
from tokens import dates
from tokens.models import Notice, ScanRun, Token

WRITTEN_BEFORE = 15.0  # seconds that may lie between writing a mail and its acceptance
ANSWERED_WITHIN = 2.0  # seconds from the last byte of a mail
FAILED = re.compile(r"raised unexpected: (.{0,80})")
# The database is gone, or has ended the transaction of a process that stood still, or another process has taken over.
EXPECTED = re.compile(r"OperationalError\((?!.deadlock)|InterfaceError|InternalError\(.terminating connection due to idle|Lost")


def due_tokens(now: datetime) -> list[Token]:
    """The rule once more, in plain Python."""
    live = Token.objects.filter(kind=Token.Kind.PERMANENT, revoked_at=None, expires_at__gt=now, user__is_active=True).select_related("user")
    return [token for token in live if dates.days_left(token.expires_at, now) <= max(LADDER)]


class Outcome:
    """`wrong`: the promises that were broken, each with an example. `figures`: what is printed."""

    def __init__(self, injection: FaultInjection) -> None:
        self.injection = injection
        self.wrong: list[str] = []
        self.figures: dict[str, int] = {}
        self.accepted = injection.mail.accepted
        for mail in self.accepted:
            mail.read()
        self.copies = Counter(mail.message_id for mail in self.accepted)
        self.due = due_tokens(timezone.now())
        self.faults()
        self.everybody_was_notified()
        self.nobody_was_notified_twice()
        self.nobody_was_notified_of_revoked_tokens()
        self.nothing_else_went_wrong()
        self.rows_say_the_same()

    def check(self, bad: object, promise: str) -> None:
        if bad:
            self.wrong.append(f"{promise}: {str(bad)[:500]}")

    def faults(self) -> None:
        opened = Counter(Fault.objects.open().filter(source="token-expiry").values_list("key", flat=True))
        keys = {token.pk.hex for token in self.due}
        self.check(sorted(keys - set(opened)), "due tokens have a fault")
        self.check(sorted(set(opened) - keys), "no other token has one")
        self.check([key for key, count in opened.items() if count != 1], "each has exactly one")
        self.figures |= {"tokens": Token.objects.count(), "due at the end": len(self.due), "open faults": len(opened)}

    def everybody_was_notified(self) -> None:
        told: dict[str, set[str]] = defaultdict(set)
        for mail in self.accepted:
            told[mail.address] |= mail.tokens
        for address in ADDRESSES:
            self.check(sorted({token.name for token in self.due} - told[address]), f"{address} was told of every token")
        own = [(token.user.email, token.name) for token in self.due if token.user.email]
        self.check([(email, name) for email, name in own if name not in told[email]], "owners were told of their tokens")
        self.figures["addresses notified of all"] = len(ADDRESSES)

    def nobody_was_notified_twice(self) -> None:
        """But by another copy of the same email, with the same Message-ID: after a kill between "accepted" and "recorded as sent"."""
        emails: dict[tuple[str, str], set[str]] = defaultdict(set)
        copies: dict[str, list[Accepted]] = defaultdict(list)
        for mail in self.accepted:
            copies[mail.message_id].append(mail)
            for name in mail.tokens:
                emails[mail.address, name].add(mail.message_id)
        again = {pair: ids for pair, ids in emails.items() if len(ids) > 1}
        self.check(again, "no token is in two emails to an address")
        unexplained = {name: mails for name, mails in copies.items() if sum(not self.may_be_unrecorded(mail) for mail in mails) > 1}
        self.check(list(unexplained), "an email is sent twice only after a kill between accepted and recorded")
        self.figures |= {
            "emails accepted": len(self.accepted),
            "emails sent again, with the same Message-ID": len(self.accepted) - len(copies),
            "tokens in a second email": len(again),
        }

    def may_be_unrecorded(self, mail: Accepted) -> bool:
        """Its process was suspended; or it was killed before it handed over another email, if not before it had read the reply; or the
        database was down."""
        stood, went_on = self.injection.workers.suspended.get(mail.process, (0.0, 0.0))
        if stood - ANSWERED_WITHIN < mail.at < went_on + ANSWERED_WITHIN:
            return True
        killed = self.injection.workers.killed.get(mail.process, 0) > mail.at - ANSWERED_WITHIN
        last = not any(other.process == mail.process and other.at > mail.at for other in self.accepted)
        return (killed and last) or self.injection.postgres.was_down_at(mail.at)

    def nobody_was_notified_of_revoked_tokens(self) -> None:
        revoked = self.injection.people.revoked
        late = [(name, mail.at) for mail in self.accepted for name in mail.tokens if revoked.get(name, mail.at) < mail.at - WRITTEN_BEFORE]
        self.check(late, "no mail lists a token that was revoked before it was written")

    def nothing_else_went_wrong(self) -> None:
        errors = FAILED.findall(self.injection.workers.logs())
        bad = {error for error in errors if not EXPECTED.match(error)}
        self.check(bad, "a task fails only without its database, or when it has lost its lease")
        self.figures["tasks that failed"] = len(errors)

    def rows_say_the_same(self) -> None:
        taken = {mail.message_id for mail in self.accepted}
        sent = set(Message.objects.filter(state=Message.State.SENT).values_list("message_id", flat=True))
        self.check(sorted(sent - taken), "what is marked as sent was accepted")
        missing = Token.objects.filter(pk__in=[token.pk for token in self.due]).annotate(
            told=Count("notices", filter=Q(notices__address__in=ADDRESSES, notices__message__state=Message.State.SENT))
        )
        self.check(list(missing.exclude(told=len(ADDRESSES)).values_list("name", "told")), "each due token has a sent notice an address")
        runs = ScanRun.objects.all()
        self.figures |= {
            "notices": Notice.objects.count(),
            "workers that ended by themselves": self.injection.workers.ended_by_itself,
            "beats that hung when told to stop": self.injection.workers.hung_beats,
            "scans finished": runs.filter(error="").count(),
            "scans that died": runs.exclude(error="").count(),
            "messages that failed": Message.objects.filter(state=Message.State.FAILED).count(),
            "attempts not accepted": sum(count for name, count in self.injection.mail.answers.items() if name != "accepted"),
        }
