"""Header lines of clients that try to name themselves."""

HYPHENS = ("X-Auth-User: root", "X-Auth-Role: administrator", "X-Auth-Token-Name: forged", "X-Auth-Token-Expires: never")
UNDERSCORES = tuple(line.replace("-", "_") for line in HYPHENS)
ATTACKS = {
    "nothing": (),
    "hyphens": HYPHENS,
    "capitals": tuple(line.upper() for line in HYPHENS),
    "small letters": tuple(line.lower() for line in HYPHENS),
    "underscores": UNDERSCORES,
    "small underscores": tuple(line.lower() for line in UNDERSCORES),
    "both": (
        "X-Auth_User: root",
        "X_Auth-User: root",
        "X-Auth_Role: administrator",
        "X_Auth-Token_Name: forged",
        "X-Auth-Token_Expires: never",
    ),
    "twice": (*HYPHENS, *HYPHENS),
    "twice in each form": (*UNDERSCORES, *HYPHENS, *HYPHENS, *UNDERSCORES),
    "an empty one after it": ("X-Auth-User: root", "X_Auth_User: root", "X-Auth-User:", "X_Auth_User:", "X-Other:", "A_b:"),
    "Connection": ("Connection: X-Auth-User, X-Auth-Role", *UNDERSCORES),
    "Connection with close": ("Connection: close, X-Auth-User, X-Auth-Role, X-Auth-Token-Name, X-Auth-Token-Expires", *UNDERSCORES),
    "Connection with keep-alive": ("Connection: keep-alive, x-auth-user", "X_Auth_User: root"),
    "Connection with upgrade": ("Connection: upgrade, x-auth-user", "Upgrade: other", "X_Auth_User: root"),
    "Connection twice": ("Connection: close", "Connection: X-Auth-User", "Connection: X-Auth-Role", *UNDERSCORES),
    "Connection with underscores": ("Connection: X_Auth_User, X-Auth-User", *HYPHENS, *UNDERSCORES),
}
# These may be rejected, by the gateway (400) or, without an Authorization header that arrives, by the portal.
ODD = {
    "Connection names the token": ("Connection: Authorization", *HYPHENS),
    "folded value": ("X-Auth-User:", " root"),
    "folded into another": ("X-Other: a", " X-Auth-User: root", "\tX_Auth_User: root"),
    "folded first": (" X-Auth-User: root",),
    "space before the colon": ("X-Auth-User : root", "X_Auth_User : root"),
    "two tokens": ("Authorization: Bearer x",),
    "line feed alone": ("X-Other: a\nX-Auth-User: root\nX_Auth_User: root",),
    "carriage return alone": ("X-Other: a\rX-Auth-User: root\rX_Auth_User: root",),
}
