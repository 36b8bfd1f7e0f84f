"""The keys that turn emails to users about their own accounts on and off: name, label, and what is announced."""

SECURITY_NOTIFICATIONS = (
    ("notify_password_changed", "Notify users of new passwords", "a new password"),
    ("notify_second_factor", "Notify users of two-factor changes", "authenticator apps, passkeys and recovery codes: added, removed, used"),
    ("notify_sign_in_method", "Notify users of company accounts", "a company account that was connected or disconnected"),
    ("notify_email_changed", "Notify users of a new email address", "a new email address, also to the former one"),
    ("notify_token_created", "Notify users of new tokens", "each new permanent token that acts as them"),
    ("notify_new_device", "Notify users of new devices", "a sign-in from a device where they have not signed in before"),
    ("notify_session_ended", "Notify users of ended sessions", "sessions that an administrator has ended"),
)
