"""The pages that benchmarks/bench_lists.py requests."""

TOKENS = "/access-control/user-tokens/"
USERS = "/administrator/users/"
FAULTS = "/administrator/faults/"
AUDIT = "/administrator/audit/"
COLUMNS = ("name", "user", "created_at", "last_used_at", "expires_at", "status")
FILTERS = (
    "status=active",
    "status=expiring",
    "status=expired",
    "status=revoked",
    "expires=7",
    "expires=90",
    "created_by=user7@example.com",
    "created_by=nobody",
    "expires_from=2190-01-01",
)
ORDERS = [f"sort={sign}{column}" for column in COLUMNS for sign in ("", "-")]

AUDIT_FILTERS = (
    "event=signed_in",  # three of five
    "event=sign_in_failed",
    "event=user.deleted",  # none
    "who=user77@example.com",
    "kind=token",
    "target=user:id77",
    "credential=session:key77",
    "channel=api",
    "channel=scim",  # none
    "address=10.0.77.77",
    "address=192.0.2.1",  # none
    "request=request-77",
    "from_day=2099-01-01",  # none
    "to_day=2001-01-01",  # none
    "event=token.revoked&channel=api",
    "who=user77@example.com&event=token.revoked",
    "user=77",
    "q=target-77",  # targets by how their name begins
    "q=target",  # all of them
    "q=user7",  # what those whose names begin so did
    "q=no%20such%20thing",
)
FIRST = TOKENS
GROUPS = {
    "Access Control": [FIRST, f"{TOKENS}?page=200", f"{TOKENS}?page=last", f"{TOKENS}?per_page=100"],
    "orders": [f"{TOKENS}?{order}" for order in ORDERS],
    "orders, last page": [f"{TOKENS}?{order}&page=last" for order in ORDERS],
    "filters": [f"{TOKENS}?{each}" for each in FILTERS],
    "searches": [
        f"{TOKENS}?q={text}"
        for text in (
            "token-77",  # one in a hundred, by name
            "token-4077",  # one in 10,000, by name
            "a1b2",  # a hint
            "user77@",  # one user's tokens
            "Person%2077",  # those of hundreds of users
            "example.com",  # everybody's
            "no%20such%20thing",
            "zq",  # too short for an index of trigrams, and in no name
        )
    ],
    "Audit Trail": [
        AUDIT,
        f"{AUDIT}?page=200",
        f"{AUDIT}?page=last",
        f"{AUDIT}?sort=at",
        f"{AUDIT}?per_page=100",
        *(f"{AUDIT}?{each}" for each in AUDIT_FILTERS),
        *(f"{AUDIT}?{each}&page=last" for each in AUDIT_FILTERS),
    ],
    "other pages": ["/", "/profile/", f"{USERS}user77@example.com/tokens/", USERS, FAULTS],
    "other lists": [
        f"{USERS}?page=last",
        f"{USERS}?q=user77",
        *(f"{USERS}?sort={column}" for column in ("-username", "role", "live", "-live", "last_login", "is_active")),
        f"{FAULTS}?page=last",
        *(f"{FAULTS}?sort={column}" for column in ("name", "resource", "severity", "raised_at", "state")),
        f"{FAULTS}?state=all&q=token-77",
    ],
}
PAGES = [page for pages in GROUPS.values() for page in pages]
SEARCHES = [page for page in PAGES if "q=" in page and page.startswith(TOKENS)]
COMBINED = [f"{TOKENS}?{each}&{order}{last}" for each in FILTERS for order in ORDERS for last in ("", "&page=last")]
ONE_ROW_MORE = [f"{TOKENS}?per_page={rows}" for rows in (10, 100)]
ADMIN_FIRST = "/admin/tokens/token/?kind__exact=permanent"
ADMIN = [ADMIN_FIRST, f"{ADMIN_FIRST}&q=token-77", f"{ADMIN_FIRST}&o=1", f"{ADMIN_FIRST}&o=3"]
