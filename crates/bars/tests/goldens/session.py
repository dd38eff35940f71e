"""Values of Python's zoneinfo for tests/session.rs, written to session.txt: python session.py

Made with Python 3.11 and the time zones of tzdata 2025b. A line is an instant in minutes
since 1970 UTC, and the minutes from the opening and to the closing. A line with a zone begins a run of
instants, every 15 minutes from the first to the last one; those without a line lie outside of the session.
The instants are those around days on which clocks change, and around days on which they do not.
"""

from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

SESSIONS = [
    # Opening, closing, zone; days in the middle of the instants.
    ("09:30", "16:00", "America/New_York", ["2024-03-10", "2024-11-03", "2024-07-04"]),
    ("18:00", "17:00", "America/Chicago", ["2024-03-10", "2024-11-03"]),
    ("01:30", "09:00", "America/New_York", ["2024-11-03"]),
    ("22:00", "01:15", "America/New_York", ["2024-11-02"]),
    ("17:00", "17:00", "America/New_York", ["2024-03-10", "2024-11-03"]),
    ("10:00", "16:00", "Australia/Sydney", ["2024-04-07", "2024-10-06"]),
    ("09:15", "15:30", "Asia/Kolkata", ["2024-03-10"]),
    ("08:00", "16:30", "Europe/London", ["2024-03-31", "2024-10-27"]),
]


def opening_and_closing(date, open_, close, zone):
    """Instants of the session of a date; fold=0 is the first of two instants."""
    opens = datetime.combine(date, time.fromisoformat(open_), zone)
    closes_on = date if close > open_ else date + timedelta(days=1)
    closes = datetime.combine(closes_on, time.fromisoformat(close), zone)
    return opens.astimezone(timezone.utc), closes.astimezone(timezone.utc)


lines = []
for open_, close, name, days in SESSIONS:
    zone = ZoneInfo(name)
    for day in days:
        middle = datetime.fromisoformat(day).replace(hour=12, tzinfo=zone).astimezone(timezone.utc)
        instants = [middle + timedelta(minutes=15 * step) for step in range(-36 * 4, 36 * 4 + 1)]
        minutes = [int(instant.timestamp()) // 60 for instant in instants]
        lines.append(f"{open_}-{close} {name} {minutes[0]} {minutes[-1]}")
        for minute, instant in zip(minutes, instants):
            date = instant.astimezone(zone).date()
            for before in (0, 1):
                opens, closes = opening_and_closing(date - timedelta(days=before), open_, close, zone)
                if opens <= instant < closes:
                    since, to = instant - opens, closes - instant
                    lines.append(f"{minute} {since / timedelta(minutes=1):g} {to / timedelta(minutes=1):g}")
Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")
