//! What single inputs hold, parsed at the edge: past `inputs.rs` nobody checks a string.

use std::{str::FromStr, time::Duration};

use ecs_tasks::ImageRef;

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

/// An image, and for which container where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerImage {
    pub container: Option<String>,
    pub image: ImageRef,
}

impl FromStr for ContainerImage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // No reference to an image holds `=`.
        let (container, image) = match text.split_once('=') {
            Some((container, image)) => (Some(container.trim().to_owned()), image.trim()),
            None => (None, text),
        };
        let image = image.parse().map_err(|error: ecs_tasks::NotAnImage| error.to_string())?;
        Ok(Self { container, image })
    }
}

/// Names between commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<String> = text
            .split([',', '\n'])
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() { Err("names no container".to_owned()) } else { Ok(Self(names)) }
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

/// `5s`, `500ms`, `2m`; a bare number is seconds. At least 100 ms, for the sake of ECS's limits.
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
            number.trim().parse().map_err(|_| "is no time like `5s` or `500ms`".to_owned())?;
        match Duration::try_from_secs_f64(number * unit) {
            Ok(time) if (Duration::from_millis(100)..=Duration::from_mins(5)).contains(&time) => {
                Ok(Self(time))
            }
            _ => Err("has to be between 100ms and 5m".to_owned()),
        }
    }
}

/// An earlier revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackTo {
    Previous,
    /// At least the first seven digits of it.
    Commit(String),
    /// A number, `family:revision`, or an ARN.
    Revision(String),
}

impl FromStr for RollbackTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const SHORTEST_COMMIT: usize = 7;
        let hexadecimal = text.bytes().all(|b| b.is_ascii_hexdigit());
        match text {
            "previous" => Ok(Self::Previous),
            _ if text.contains(':') => Ok(Self::Revision(text.to_owned())),
            _ if hexadecimal && (SHORTEST_COMMIT..=40).contains(&text.len()) => {
                Ok(Self::Commit(text.to_lowercase()))
            }
            _ if text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self::Revision(text.to_owned())),
            _ => Err("is neither `previous` nor a commit (at least 7 digits of it) nor a revision"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_their_value() {
        assert_eq!("A=b=c".parse(), Ok(Pair { key: "A".to_owned(), value: "b=c".to_owned() }));
        assert!("A".parse::<Pair>().is_err());
        assert!("=x".parse::<Pair>().is_err());
    }

    #[test]
    fn images_may_name_their_container() {
        let image: ContainerImage = "api=repo/x:1".parse().unwrap();
        assert_eq!(
            (image.container.as_deref(), image.image.to_string().as_str()),
            (Some("api"), "repo/x:1")
        );
        assert_eq!("repo/x:1".parse::<ContainerImage>().unwrap().container, None);
    }

    #[test]
    fn earlier_revisions_are_told_apart() {
        assert_eq!("previous".parse(), Ok(RollbackTo::Previous));
        assert_eq!("41".parse(), Ok(RollbackTo::Revision("41".to_owned())));
        assert_eq!("api:41".parse(), Ok(RollbackTo::Revision("api:41".to_owned())));
        assert_eq!("BBBBBBB".parse(), Ok(RollbackTo::Commit("bbbbbbb".to_owned())));
        assert!("main".parse::<RollbackTo>().is_err());
    }

    #[test]
    fn times_are_read() {
        for (text, milliseconds) in
            [("5s", 5000), ("500ms", 500), ("2", 2000), ("1m", 60_000), ("0.5s", 500)]
        {
            assert_eq!(text.parse(), Ok(Interval(Duration::from_millis(milliseconds))), "{text}");
        }
        for text in ["50ms", "1h", "", "-1s"] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
        assert_eq!("0.5".parse(), Ok(Minutes(Duration::from_secs(30))));
        assert!("0".parse::<Minutes>().is_err());
    }
}
