//! Trading hours against Python's zoneinfo; `goldens/session.py` made the values.

use barloom_bars::{NoSession, Session};

const MINUTE: i64 = 60_000_000_000;

#[test]
fn hours_are_those_of_zoneinfo() {
    let mut expected = Vec::new();
    for line in include_str!("goldens/session.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |word: &str| word.parse::<i64>().expect("a number");
        if let [times, zone, first, last] = words[..] {
            let session: Session = format!("{times} {zone}").parse().expect("a session");
            let instants = (number(first)..=number(last)).step_by(15);
            expected.extend(instants.map(|minute| (session, minute, None)));
        } else {
            let [minute, since, to] = words[..] else { panic!("{line}") };
            let at = expected.iter().rposition(|known| known.1 == number(minute));
            let hours = (number(since) as f64, number(to) as f64);
            expected[at.expect("an instant of the run")].2 = Some(hours);
        }
    }
    assert_eq!(expected.len(), 14 * 289);
    for (session, minute, hours) in expected {
        let ts = minute * MINUTE;
        let found = session.minutes_since_open(ts).zip(session.minutes_to_close(ts));
        assert_eq!(found, hours, "{session} at minute {minute}");
        assert_eq!(session.contains(ts), hours.is_some(), "{session} at minute {minute}");
    }
}

#[test]
fn instants_of_a_session_share_its_hours() {
    let first = 1_709_942_400_000_000_000; // 2024-03-09
    for text in ["09:30-16:00 America/New_York", "18:00-17:00 America/Chicago", "00:00-24:00"] {
        let session: Session = text.parse().expect("a session");
        let mut open = (0..).map(|step| first + step * MINUTE).filter_map(|ts| session.at(ts));
        let hours = open.next().expect("it opens");
        for ts in [hours.start, (hours.start + hours.end) / 2, hours.end - 1] {
            assert_eq!(session.at(ts), Some(hours.clone()), "{text}");
        }
        for ts in [hours.start - 1, hours.end] {
            assert_ne!(session.at(ts), Some(hours.clone()), "{text}");
        }
    }
}

#[test]
fn openings_that_are_missing_follow_the_gap() {
    // Clocks go from 02:00 to 03:00, at 07:00 UTC.
    let session: Session = "02:30-10:00 America/New_York".parse().expect("a session");
    let gap = 1_710_054_000_000_000_000; // 2024-03-10 07:00
    assert!(!session.contains(gap - 1));
    assert_eq!(session.minutes_since_open(gap), Some(0.0));
    // Clocks go from 00:01 back to 23:01: the day has begun, and its session goes on.
    let session: Session = "00:00-08:00 America/St_Johns".parse().expect("a session");
    let opens = 1_162_089_000_000_000_000; // 2006-10-29 00:00 in the summer, 02:30 UTC
    assert!(!session.contains(opens - 1));
    assert_eq!(session.minutes_since_open(opens + 30 * MINUTE), Some(30.0));
    assert_eq!(session.minutes_to_close(opens), Some(540.0));
}

#[test]
fn days_of_24_hours_follow_each_other() {
    for text in ["17:00-17:00 America/New_York", "00:00-24:00 America/Sao_Paulo", "00:00-00:00"] {
        let session: Session = text.parse().expect("a session");
        let mut ts = 1_320_105_600_000_000_000; // 2011-11-01
        for _ in 0..400 {
            let hours = session.at(ts).expect(text);
            assert!(hours.contains(&ts), "{text}: {ts} in {hours:?}");
            ts = hours.end;
        }
    }
}

#[test]
fn texts_read_back() {
    for text in [
        "09:30-16:00 America/New_York",
        "18:00-17:00 America/Chicago",
        "00:00-24:00 UTC",
        "09:15:30-15:30 +05:30",
    ] {
        assert_eq!(text.parse::<Session>().expect(text).to_string(), text);
    }
    assert_eq!("9:30-16:00".parse::<Session>().expect("UTC").to_string(), "09:30-16:00 UTC");
    for wrong in [
        "",
        "09:30",
        "09:30-",
        "9-16 UTC",
        "09:30-25:00",
        "24:00-08:00 UTC",
        "09:30-16:00 Mars/Olympus",
        "09:30 - 16:00 UTC",
        "09:30-16:00-17:00 UTC",
    ] {
        assert_eq!(wrong.parse::<Session>(), Err(NoSession), "{wrong}");
    }
    let says = NoSession.to_string();
    assert!(says.contains("09:30-16:00 America/New_York") && says.contains("UTC"), "{says}");
}

#[test]
fn the_ends_of_time_have_hours_or_none() {
    for text in ["00:00-24:00", "18:00-17:00 America/Chicago", "09:30-16:00 +09:00"] {
        let session: Session = text.parse().expect("a session");
        for ts in [i64::MIN, i64::MAX] {
            if let Some(hours) = session.at(ts) {
                assert!(hours.contains(&ts), "{text}: {ts} in {hours:?}");
            }
        }
    }
    assert!(!"00:00-24:00".parse::<Session>().expect("a session").contains(i64::MAX));
}
