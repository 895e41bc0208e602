//! What inputs of several programs hold, parsed at the edge: past a program's `inputs.rs` nobody checks a string.

use std::{fmt, str::FromStr, time::Duration};

/// `KEY=VALUE`; the value may hold anything, `=` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub key: String,
    pub value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("lines are `KEY=VALUE`")?;
        if key.trim().is_empty() {
            return Err("the key before `=` is missing".to_owned());
        }
        Ok(Self { key: key.trim().to_owned(), value: value.trim().to_owned() })
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// Minutes, with decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minutes(pub Duration);

impl FromStr for Minutes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minutes: f64 = text.parse().map_err(|_| "is no number of minutes".to_owned())?;
        match Duration::try_from_secs_f64(minutes * 60.0) {
            Ok(time) if !time.is_zero() && minutes <= 24.0 * 60.0 => Ok(Self(time)),
            _ => Err("has to be more than 0 and at most a day".to_owned()),
        }
    }
}

/// `2s`, `500ms`, `1m`; a bare number is seconds. At least 100 ms, for the sake of ECS's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(pub Duration);

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = match text.strip_suffix("ms") {
            Some(number) => (number, 0.001),
            None => match text.strip_suffix('m') {
                Some(number) => (number, 60.0),
                None => (text.strip_suffix('s').unwrap_or(text), 1.0),
            },
        };
        let number: f64 =
            number.trim().parse().map_err(|_| "is no time like `2s` or `500ms`".to_owned())?;
        match Duration::try_from_secs_f64(number * unit) {
            Ok(time) if (Duration::from_millis(100)..=Duration::from_mins(5)).contains(&time) => {
                Ok(Self(time))
            }
            _ => Err("has to be between 100ms and 5m".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_bounds() {
        assert_eq!("0.5".parse(), Ok(Minutes(Duration::from_secs(30))));
        assert!("0".parse::<Minutes>().is_err() && "x".parse::<Minutes>().is_err());
        for (text, time) in [("2s", 2000), ("500ms", 500), ("1m", 60_000), ("3", 3000)] {
            assert_eq!(text.parse(), Ok(Interval(Duration::from_millis(time))), "{text}");
        }
        assert!("1ms".parse::<Interval>().is_err() && "s".parse::<Interval>().is_err());
    }

    #[test]
    fn a_value_may_hold_anything() {
        let pair: Pair = "URL = postgres://a=b ".parse().unwrap();
        assert_eq!((pair.key.as_str(), pair.value.as_str()), ("URL", "postgres://a=b"));
        assert!("URL".parse::<Pair>().is_err() && "=x".parse::<Pair>().is_err());
    }
}
