"""The company's directory writes people and groups here: SCIM 2.0 (RFC 7643, RFC 7644) at /scim/v2/.

The services of users and groups do the writing; this package translates. `protocol`, `filters`, `lists`, `people` and `groups` import the
library (scim2-models, 15 MB), so `views` imports them when the first request of a directory has been authenticated, and not before:
a portal without such a directory never loads it.
"""
