//! What is to be done: decided here, from what was seen, before anything is changed.

use crate::{
    content::{Content, Copied, PREFIX},
    ecr::{Frozen, Held},
    reference::Tag,
};

/// A tag that was asked for, and the image that it names now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) tag: Tag,
    pub(crate) holds: Option<Holds>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holds {
    pub(crate) digest: String,
    /// All tags of that image, where it mattered enough to ask.
    pub(crate) tags: Vec<String>,
}

/// What the repository holds, as far as it matters.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) content: Content,
    /// What was built from the same content before.
    pub(crate) existing: Option<Held>,
    pub(crate) tags: Vec<Named>,
    pub(crate) frozen: Frozen,
}

/// What will happen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// `tag` may not move and names something else.
    Refuse { tag: Tag, holds: String },
    /// The image is there: `tags` are to name it.
    Name { image: Held, tags: Vec<Tag> },
    /// The image is elsewhere: it comes here as it is, first as `push_as`.
    Copy { image: Copied, push_as: Tag },
    Build {
        /// The tag that docker pushes. The others follow through the API, when the image is known to be whole.
        push_as: Tag,
        /// Why nothing that is there will do.
        why: String,
    },
}

impl Plan {
    pub(crate) fn builds(&self) -> bool {
        matches!(self, Self::Build { .. })
    }
}

impl Seen {
    /// Whether `tag` must stay with another image than `digest`.
    pub(crate) fn keeps_from(&self, tag: &Tag, digest: &str) -> Option<String> {
        let holds = self.tags.iter().find(|named| named.tag == *tag)?.holds.as_ref()?;
        (self.frozen.holds(tag) && holds.digest != digest).then(|| holds.digest.clone())
    }

    /// The tags that do not name `digest` yet.
    pub(crate) fn to_name(&self, digest: &str) -> Vec<Tag> {
        let elsewhere = |it: &&Named| it.holds.as_ref().is_none_or(|holds| holds.digest != digest);
        self.tags.iter().filter(elsewhere).map(|it| it.tag.clone()).collect()
    }
}

pub(crate) fn plan(seen: &Seen) -> Plan {
    if let Some(image) = &seen.existing {
        for named in &seen.tags {
            if let Some(holds) = seen.keeps_from(&named.tag, &image.digest) {
                return Plan::Refuse { tag: named.tag.clone(), holds };
            }
        }
        return Plan::Name { image: image.clone(), tags: seen.to_name(&image.digest) };
    }
    match &seen.content {
        Content::Known(fingerprint) => {
            // What was built from other content is another image: no need to build to know it.
            let ours = fingerprint.tag();
            for Named { tag, holds } in &seen.tags {
                let Some(holds) = holds.as_ref().filter(|_| seen.frozen.holds(tag)) else {
                    continue;
                };
                let mut fingerprints = holds.tags.iter().filter(|tag| tag.starts_with(PREFIX));
                if fingerprints.clone().next().is_some()
                    && fingerprints.all(|it| it != ours.as_str())
                {
                    return Plan::Refuse { tag: tag.clone(), holds: holds.digest.clone() };
                }
            }
            Plan::Build { push_as: ours, why: "this content was not built before".to_owned() }
        }
        Content::Copied(image) => {
            for Named { tag, .. } in &seen.tags {
                if let Some(holds) = seen.keeps_from(tag, &image.digest) {
                    return Plan::Refuse { tag: tag.clone(), holds };
                }
            }
            let push_as = image.tag().or_else(|| seen.tags.first().map(|it| it.tag.clone()));
            Plan::Copy {
                image: image.clone(),
                push_as: push_as.unwrap_or_else(|| unreachable!("there is a tag, or bad input")),
            }
        }
        Content::Unknown(doubt) => {
            let free = |it: &&Named| it.holds.is_none() || !seen.frozen.holds(&it.tag);
            // With none free the registry decides: it takes the same image again, and no other.
            let first = seen.tags.iter().find(free).or(seen.tags.first());
            let push_as = first.map(|it| it.tag.clone());
            Plan::Build {
                push_as: push_as.unwrap_or_else(|| unreachable!("there is a tag, or bad input")),
                why: doubt.clone(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Ingredients, fingerprint};

    fn known() -> Content {
        let ingredients = Ingredients {
            dockerfile: b"FROM scratch",
            target: None,
            build_args: &[],
            labels: &[],
            platforms: &[],
            secrets: &[],
            attestations: &[],
            images: &std::collections::BTreeMap::new(),
        };
        Content::Known(fingerprint(&ingredients, &[0; 32]))
    }

    fn held(digest: &str) -> Held {
        Held { digest: digest.to_owned(), manifest: String::new(), media_type: None }
    }

    fn named(tag: &str, holds: Option<(&str, &[&str])>) -> Named {
        let holds = holds.map(|(digest, tags)| Holds {
            digest: digest.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        });
        Named { tag: tag.parse().unwrap(), holds }
    }

    fn seen(content: Content, existing: Option<&str>, tags: Vec<Named>, frozen: Frozen) -> Seen {
        Seen { content, existing: existing.map(held), tags, frozen }
    }

    /// One word for a plan.
    fn word(seen: &Seen) -> String {
        match plan(seen) {
            Plan::Refuse { tag, holds } => format!("refuse {tag} {holds}"),
            Plan::Name { image, tags } => {
                let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
                format!("name {} {}", image.digest, tags.join(","))
            }
            Plan::Copy { image, .. } => format!("copy {}", image.source()),
            Plan::Build { push_as, .. } if push_as.as_str().starts_with(PREFIX) => {
                "build".to_owned()
            }
            Plan::Build { push_as, .. } => format!("build as {push_as}"),
        }
    }

    #[test]
    fn what_is_there_is_named_and_not_built() {
        let tags =
            || vec![named("a", Some(("1", &[]))), named("b", None), named("c", Some(("2", &[])))];
        assert_eq!(word(&seen(known(), Some("1"), tags(), Frozen::None)), "name 1 b,c");
        assert_eq!(word(&seen(known(), Some("1"), tags(), Frozen::All)), "refuse c 2");
    }

    #[test]
    fn a_frozen_tag_of_other_content_is_refused_before_the_build() {
        let other: (&str, &[&str]) = ("1", &["a", "fingerprint-0"]);
        let unknown: (&str, &[&str]) = ("1", &["a"]);
        for (holds, frozen, expected) in [
            (other, Frozen::All, "refuse a 1"),
            (other, Frozen::None, "build"),
            // Another tool pushed it: only building shows whether it is the same.
            (unknown, Frozen::All, "build"),
        ] {
            let seen = seen(known(), None, vec![named("a", Some(holds))], frozen);
            assert_eq!(word(&seen), expected);
        }
    }

    #[test]
    fn what_is_promoted_is_copied_unless_it_is_there() {
        let copied = || Content::Copied(Copied { from: "r/n".to_owned(), digest: "1".to_owned() });
        let tags = |holds: &'static str| vec![named("a", Some((holds, &[])))];
        assert_eq!(word(&seen(copied(), None, tags("2"), Frozen::None)), "copy r/n@1");
        assert_eq!(word(&seen(copied(), None, tags("2"), Frozen::All)), "refuse a 2");
        assert_eq!(word(&seen(copied(), Some("1"), tags("1"), Frozen::All)), "name 1 ");
    }

    #[test]
    fn what_cannot_be_hashed_is_pushed_under_a_tag_that_takes_it() {
        let unknown = || Content::Unknown("why".to_owned());
        let taken: (&str, &[&str]) = ("1", &[]);
        let tags = || vec![named("a", Some(taken)), named("b", None)];
        assert_eq!(word(&seen(unknown(), None, tags(), Frozen::All)), "build as b");
        assert_eq!(word(&seen(unknown(), None, tags(), Frozen::None)), "build as a");
        let all_taken = vec![named("a", Some(taken))];
        assert_eq!(word(&seen(unknown(), None, all_taken, Frozen::All)), "build as a");
    }
}
