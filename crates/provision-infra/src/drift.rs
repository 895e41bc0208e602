//! Drift that is known and accepted for a while: a file of lines `address,attribute,until,why`.

use crate::{
    plan::{Action, Change},
    protect::matches,
};

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    line: usize,
    address: String,
    attribute: String,
    /// `2026-12-31`, which sorts as dates do.
    until: String,
    why: String,
}

/// Reads the file, or says everything that is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Vec<Accepted>, Vec<String>> {
    let (mut accepted, mut faults) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        let is_head = number == 1 && line.starts_with("address,");
        if line.is_empty() || line.starts_with('#') || is_head {
            continue;
        }
        match fields(line) {
            Some([address, attribute, until, why]) if is_date(until) && !why.is_empty() => {
                accepted.push(Accepted {
                    line: number,
                    address: address.to_owned(),
                    attribute: attribute.to_owned(),
                    until: until.to_owned(),
                    why: why.to_owned(),
                });
            }
            Some([_, _, until, _]) if !is_date(until) => {
                faults.push(format!("line {number}: `{until}` is no date such as 2026-12-31"));
            }
            Some(_) => faults.push(format!("line {number}: the reason is missing")),
            None => faults.push(format!("line {number} is not `address,attribute,until,why`")),
        }
    }
    if faults.is_empty() { Ok(accepted) } else { Err(faults) }
}

/// Four fields. Commas inside of brackets belong to an address, and the reason may hold any.
fn fields(line: &str) -> Option<[&str; 4]> {
    let mut depth = 0_u32;
    let end = line.char_indices().find_map(|(at, character)| {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })?;
    let (address, rest) = (&line[..end], &line[end + 1..]);
    let mut rest = rest.splitn(3, ',').map(str::trim);
    Some([address.trim(), rest.next()?, rest.next()?, rest.next()?])
}

fn is_date(text: &str) -> bool {
    let shape = |(index, c): (usize, char)| {
        if matches!(index, 4 | 7) { c == '-' } else { c.is_ascii_digit() }
    };
    text.len() == 10 && text.char_indices().all(shape)
}

/// What is left of `drift` when what is accepted `today` is taken away, and what there is to say about the file.
pub(crate) fn without_accepted(
    drift: &[Change],
    accepted: &[Accepted],
    today: &str,
) -> (Vec<Change>, Vec<String>) {
    let mut told = Vec::new();
    let (valid, expired): (Vec<&Accepted>, Vec<&Accepted>) =
        accepted.iter().partition(|accepted| accepted.until.as_str() >= today);
    for accepted in expired {
        told.push(format!(
            "drift-ignore, line {}: {} was accepted until {} ({})",
            accepted.line, accepted.address, accepted.until, accepted.why
        ));
    }
    let mut left = Vec::new();
    for change in drift {
        let about: Vec<&&Accepted> =
            valid.iter().filter(|accepted| matches(&accepted.address, &change.address)).collect();
        let mut change = change.clone();
        if change.action == Action::Delete {
            if !about.iter().any(|accepted| accepted.attribute == "*") {
                left.push(change);
            }
            continue;
        }
        change.attributes.retain(|attribute| {
            !about.iter().any(|accepted| matches(&accepted.attribute, &attribute.path))
        });
        if !change.attributes.is_empty() {
            left.push(change);
        }
    }
    (left, told)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Plan;

    fn drift() -> Vec<Change> {
        let plan = json!({"resource_drift": [
            {"address": "aws_a.x[\"k,1\"]", "mode": "managed", "change": {"actions": ["update"],
                "before": {"tags": {"a": "1", "b": "1"}}, "after": {"tags": {"a": "2", "b": "2"}}}},
            {"address": "aws_b.gone", "mode": "managed", "change": {"actions": ["delete"], "before": {}}},
        ]});
        Plan::parse(plan.to_string().as_bytes()).unwrap().drift
    }

    fn left(file: &str) -> (Vec<String>, Vec<String>) {
        let (left, told) = without_accepted(&drift(), &parse(file).unwrap(), "2026-11-24");
        let paths = left.iter().flat_map(|change| {
            let paths: Vec<String> = change.attributes.iter().map(|a| a.path.clone()).collect();
            if paths.is_empty() { vec![change.address.clone()] } else { paths }
        });
        (paths.collect(), told)
    }

    #[test]
    fn what_is_accepted_is_taken_away_until_its_date() {
        assert_eq!(left("").0, ["tags.a", "tags.b", "aws_b.gone"]);
        let file = "address,attribute,until,why\n# the tagging robot\naws_a.x[\"k,1\"],tags.a,2026-12-31,the robot, again\n";
        assert_eq!(left(file).0, ["tags.b", "aws_b.gone"]);
        assert_eq!(left("aws_*,*,2026-11-24,a migration\n").0, Vec::<String>::new());
        let (paths, told) = left("aws_a.*,tags.*,2026-11-23,a migration\n");
        assert_eq!(paths, ["tags.a", "tags.b", "aws_b.gone"]);
        assert_eq!(
            told,
            ["drift-ignore, line 1: aws_a.* was accepted until 2026-11-23 (a migration)"]
        );
    }

    #[test]
    fn everything_that_is_wrong_with_the_file_is_told() {
        let faults = parse("a.b,c,soon,why\na.b,c\na.b,c,2026-12-31,\n").unwrap_err();
        assert_eq!(
            faults,
            [
                "line 1: `soon` is no date such as 2026-12-31",
                "line 2 is not `address,attribute,until,why`",
                "line 3: the reason is missing",
            ]
        );
    }
}
