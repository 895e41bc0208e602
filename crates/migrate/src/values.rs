//! What single inputs hold, parsed at the edge: past `inputs.rs` nobody checks a string.

use std::{str::FromStr, time::Duration};

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

/// `NAME`, `NAME,weight=4`, `NAME,weight=1,base=1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    pub name: String,
    pub weight: i32,
    pub base: i32,
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if name.is_empty() || name.contains('=') {
            return Err("begins with the name of a capacity provider".to_owned());
        }
        // ECS: the weight is 0 where none is given, and a strategy of zeros places nothing.
        let mut provider = Self { name: name.to_owned(), weight: 1, base: 0 };
        for part in parts {
            let number = |text: &str| {
                text.parse().map_err(|_| format!("`{text}` in `{part}` is no whole number"))
            };
            match part.split_once('=') {
                Some(("weight", value)) => provider.weight = number(value)?,
                Some(("base", value)) => provider.base = number(value)?,
                _ => return Err(format!("`{part}` is neither `weight=N` nor `base=N`")),
            }
        }
        Ok(provider)
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
    fn a_provider_has_weight_and_base() {
        let provider = |weight, base| Provider { name: "FARGATE_SPOT".to_owned(), weight, base };
        assert_eq!("FARGATE_SPOT".parse(), Ok(provider(1, 0)));
        assert_eq!("FARGATE_SPOT, weight=4, base=1".parse(), Ok(provider(4, 1)));
        for wrong in ["", "weight=1", "X,wait=1", "X,weight=y"] {
            assert!(wrong.parse::<Provider>().is_err(), "{wrong}");
        }
    }
}
