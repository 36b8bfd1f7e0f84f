from portal.users.throttle import MINUTE, Rate

# A whole company may share one address; each start makes a session's row.
COMPANY_SIGN_INS = Rate("company sign-ins begun from an address", 600, MINUTE)
