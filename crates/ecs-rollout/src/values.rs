//! What single inputs hold, parsed at the edge: past `inputs.rs` nobody checks a string.

use std::str::FromStr;

use ecs_tasks::ImageRef;

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
}
