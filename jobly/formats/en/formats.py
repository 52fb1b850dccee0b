"""Dates and times in English, as our own pages write them; a time never without its zone."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i T"
