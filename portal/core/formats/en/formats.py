"""How a date is written where a page says no more than that it is one, as in the Django admin: with 24 hours and the time zone."""

DATE_FORMAT = "M j, Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "M j, Y, H:i T"
