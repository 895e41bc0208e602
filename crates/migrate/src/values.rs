//! What single inputs hold, parsed at the edge: past `inputs.rs` nobody checks a string.

use std::str::FromStr;

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
    fn a_provider_has_weight_and_base() {
        let provider = |weight, base| Provider { name: "FARGATE_SPOT".to_owned(), weight, base };
        assert_eq!("FARGATE_SPOT".parse(), Ok(provider(1, 0)));
        assert_eq!("FARGATE_SPOT, weight=4, base=1".parse(), Ok(provider(4, 1)));
        for wrong in ["", "weight=1", "X,wait=1", "X,weight=y"] {
            assert!(wrong.parse::<Provider>().is_err(), "{wrong}");
        }
    }
}
