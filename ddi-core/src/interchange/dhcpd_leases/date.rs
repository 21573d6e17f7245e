//! Times in dhcpd.leases: UTC as `W YYYY/MM/DD HH:MM:SS`, or `epoch SECONDS`, or `never`.

use crate::time::UnixTime;

/// From here on (2038-01-01) dhcpd 4.4 takes every time for `never`.
const FIRST_NEVER: u64 = 2_145_916_800;

const SECONDS_A_DAY: u64 = 86_400;

/// Reads a time from the words of its statement. The error is what is wrong.
pub(super) fn parse(words: &[&[u8]]) -> Result<UnixTime, String> {
    match words {
        [word] if word.eq_ignore_ascii_case(b"never") => Ok(UnixTime::NEVER),
        [word, seconds] if word.eq_ignore_ascii_case(b"epoch") => {
            Ok(UnixTime(number(seconds, 0..=u64::MAX - 1, "seconds")?))
        }
        [weekday, day, time] => parse_utc(weekday, day, time, 0),
        [weekday, day, time, offset] => {
            // As dhcpd does: seconds that are added.
            let (sign, digits) = offset.strip_prefix(b"-").map_or((1, *offset), |digits| (-1, digits));
            let offset = number(digits, 0..=SECONDS_A_DAY, "time zone offset")?;
            parse_utc(weekday, day, time, sign * i64::try_from(offset).unwrap_or(0))
        }
        _ => Err("not a date".into()),
    }
}

fn parse_utc(weekday: &[u8], day: &[u8], time: &[u8], offset: i64) -> Result<UnixTime, String> {
    number(weekday, 0..=9, "weekday")?;
    let [year, month, day] = three(day, b'/').ok_or("not a date")?;
    let [hour, minute, second] = three(time, b':').ok_or("not a time of day")?;
    let year = number(year, 1970..=9999, "year")?;
    let month = number(month, 1..=12, "month")?;
    let day = number(day, 1..=days_of_month(year, month), "day")?;
    let hour = number(hour, 0..=23, "hour")?;
    let minute = number(minute, 0..=59, "minute")?;
    // 60: a leap second.
    let second = number(second, 0..=60, "second")?;
    let seconds = days_since_1970(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
    seconds.checked_add_signed(offset).map(UnixTime).ok_or_else(|| "before 1970".to_owned())
}

fn three(text: &[u8], separator: u8) -> Option<[&[u8]; 3]> {
    let mut parts = text.split(|&b| b == separator);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn number(text: &[u8], range: std::ops::RangeInclusive<u64>, what: &str) -> Result<u64, String> {
    let number = crate::interchange::added::parse_number(text).filter(|n| range.contains(n));
    number.ok_or_else(|| format!("{:?} is no {what}", String::from_utf8_lossy(text)))
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(is_leap(year)),
        _ => 31,
    }
}

/// Leap days in the years before `year`, since year 0.
fn leap_days_before(year: u64) -> u64 {
    let last = year - 1;
    last / 4 - last / 100 + last / 400
}

fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let of_years = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970);
    let of_months: u64 = (1..month).map(|m| days_of_month(year, m)).sum();
    of_years + of_months + day - 1
}

/// Appends the time and a semicolon.
pub(super) fn emit(time: UnixTime, out: &mut Vec<u8>) {
    if time.0 >= FIRST_NEVER {
        out.extend_from_slice(b"never;");
        return;
    }
    let days = time.0 / SECONDS_A_DAY;
    let mut year = 1970 + days / 366;
    while days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_since_1970(year, month + 1, 1) <= days {
        month += 1;
    }
    let day = days - days_since_1970(year, month, 1) + 1;
    // 1970-01-01 was a Thursday.
    let weekday = (days + 4) % 7;
    let second = time.0 % SECONDS_A_DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let text = format!("{weekday} {year}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02};");
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emitted(seconds: u64) -> String {
        let mut out = Vec::new();
        emit(UnixTime(seconds), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn parsed(text: &str) -> Result<UnixTime, String> {
        parse(&text.split(' ').map(str::as_bytes).collect::<Vec<_>>())
    }

    #[test]
    fn known_dates() {
        // The pairs are those of the comments in a file that dhcpd wrote with `db-time-format local`.
        assert_eq!(emitted(1_507_216_949), "4 2017/10/05 15:22:29;");
        assert_eq!(parsed("4 2017/10/05 15:22:29"), Ok(UnixTime(1_507_216_949)));
        assert_eq!(emitted(0), "4 1970/01/01 00:00:00;");
        assert_eq!(emitted(951_782_400), "2 2000/02/29 00:00:00;");
        assert_eq!(emitted(FIRST_NEVER - 1), "4 2037/12/31 23:59:59;");
        assert_eq!(emitted(FIRST_NEVER), "never;");
        assert_eq!(parsed("5 2038/01/01 00:00:00"), Ok(UnixTime(FIRST_NEVER)));
        assert_eq!(parsed("never"), Ok(UnixTime::NEVER));
        assert_eq!(parsed("epoch 12"), Ok(UnixTime(12)));
        assert_eq!(parsed("4 2017/10/05 15:22:29 -3600"), Ok(UnixTime(1_507_213_349)));
    }

    #[test]
    fn every_day_reads_back() {
        for day in 0..FIRST_NEVER / SECONDS_A_DAY {
            let seconds = day * SECONDS_A_DAY + day % SECONDS_A_DAY;
            let text = emitted(seconds);
            assert_eq!(parsed(text.trim_end_matches(';')), Ok(UnixTime(seconds)), "{text}");
        }
    }

    #[test]
    fn impossible_dates() {
        for text in [
            "2 2017/02/29 00:00:00",
            "2 2017/13/01 00:00:00",
            "2 2017/00/01 00:00:00",
            "2 2017/01/32 00:00:00",
            "2 2017/01/01 24:00:00",
            "2 99999999999999999999/01/01 00:00:00",
            "2 1969/12/31 23:59:59",
            "2 1970/01/01 00:00:00 -1",
            "2 2017/01/01/01 00:00:00",
            "2 2017/01/01",
            "epoch x",
            "epoch -1",
            "epoch 99999999999999999999",
            "",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
