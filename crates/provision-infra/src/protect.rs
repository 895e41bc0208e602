//! What must not be destroyed without a word: resources whose content no plan brings back.

use crate::plan::{Action, Change, Plan};

/// By type of resource: what would be lost.
const STATEFUL: &[(&str, &str)] = &[
    ("aws_backup_vault", "backups"),
    ("aws_cloudwatch_log_group", "logs"),
    ("aws_cognito_user_pool", "users"),
    ("aws_db_instance", "a database"),
    ("aws_docdb_cluster", "a database"),
    ("aws_dynamodb_table", "a table"),
    ("aws_ebs_volume", "a disk"),
    ("aws_ecr_repository", "images"),
    ("aws_ecrpublic_repository", "images"),
    ("aws_efs_file_system", "files"),
    ("aws_elasticsearch_domain", "an index"),
    ("aws_kms_key", "a key, and all that it encrypts"),
    ("aws_neptune_cluster", "a database"),
    ("aws_opensearch_domain", "an index"),
    ("aws_rds_cluster", "a database"),
    ("aws_rds_global_cluster", "a database"),
    ("aws_redshift_cluster", "a database"),
    ("aws_route53_zone", "a zone's records"),
    ("aws_s3_bucket", "a bucket's objects"),
    ("aws_secretsmanager_secret", "a secret"),
];

/// One protected resource that the plan would take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) address: String,
    pub(crate) what: &'static str,
    pub(crate) replaced: bool,
}

impl Loss {
    pub(crate) fn sentence(&self) -> String {
        let verb = if self.replaced { "replaced" } else { "destroyed" };
        format!("{} would be {verb}: {} would be lost", self.address, self.what)
    }
}

/// What the plan would take away and `allowed` does not name.
pub(crate) fn losses(plan: &Plan, allowed: &[String]) -> Vec<Loss> {
    plan.changes
        .iter()
        .filter(|change| change.action.destroys())
        .filter(|change| !allowed.iter().any(|pattern| matches(pattern, &change.address)))
        .filter_map(|change| {
            Some(Loss {
                address: change.address.clone(),
                what: stateful(change)?,
                replaced: change.action == Action::Replace,
            })
        })
        .collect()
}

fn stateful(change: &Change) -> Option<&'static str> {
    STATEFUL.iter().find(|(name, _)| *name == change.r#type).map(|(_, what)| *what)
}

/// Why this plan must not be applied, if it must not.
pub(crate) fn refusal(plan: &Plan, allowed: &[String], most: Option<usize>) -> Option<String> {
    let losses = losses(plan, allowed);
    if !losses.is_empty() {
        let losses: Vec<String> = losses.iter().map(Loss::sentence).collect();
        return Some(format!("{}; `allow-destroy` does not name it", losses.join("; ")));
    }
    let touched = plan.counts.touched();
    most.filter(|most| touched > *most).map(|most| {
        format!(
            "{touched} resources would change ({}), and `max-changes` is {most}",
            plan.counts.sentence()
        )
    })
}

/// `*` stands for anything. The brackets of an address mean themselves.
pub(crate) fn matches(pattern: &str, address: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = address.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(changes: &[(&str, &str, &[&str])]) -> Plan {
        let changes: Vec<_> = changes
            .iter()
            .map(|(address, r#type, actions)| {
                json!({"address": address, "type": r#type, "mode": "managed", "change": {"actions": actions}})
            })
            .collect();
        Plan::parse(json!({ "resource_changes": changes }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_no_plan_brings_back_needs_a_word() {
        let plan = plan(&[
            ("aws_s3_bucket.site", "aws_s3_bucket", &["delete"]),
            ("module.db.aws_rds_cluster.this[\"a\"]", "aws_rds_cluster", &["delete", "create"]),
            ("aws_ecr_repository.api", "aws_ecr_repository", &["create", "delete"]),
            ("aws_kms_key.kept", "aws_kms_key", &["forget"]),
            ("aws_kms_key.changed", "aws_kms_key", &["update"]),
            ("aws_security_group.x", "aws_security_group", &["delete"]),
        ]);
        let left = |allowed: &[&str]| {
            let allowed: Vec<String> = allowed.iter().map(|text| (*text).to_owned()).collect();
            losses(&plan, &allowed).into_iter().map(|loss| loss.address).collect::<Vec<_>>()
        };
        assert_eq!(left(&[]).len(), 3);
        assert_eq!(left(&["aws_s3_bucket.site", "module.db.*"]), ["aws_ecr_repository.api"]);
        assert_eq!(left(&["module.db.aws_rds_cluster.this[\"a\"]", "aws_*"]), Vec::<String>::new());
        assert!(
            refusal(&plan, &[], None).unwrap().contains("aws_s3_bucket.site would be destroyed")
        );
    }

    #[test]
    fn max_changes_counts_what_is_touched() {
        let plan = plan(&[
            ("a.a", "a", &["create"]),
            ("a.b", "a", &["delete", "create"]),
            ("a.c", "a", &["forget"]),
        ]);
        assert_eq!(refusal(&plan, &[], Some(2)), None);
        assert_eq!(
            refusal(&plan, &[], Some(1)).unwrap(),
            "2 resources would change (1 to replace, 1 to add, 1 to forget), and `max-changes` is 1"
        );
    }

    #[test]
    fn a_pattern_is_literal_but_for_its_stars() {
        for (pattern, address, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("a.b[*]", "a.b[0]", true),
            ("a.b[*]", "a.b0", false),
            ("*", "anything", true),
            ("*.db", "module.x.db", true),
            ("module.*.aws_a.*", "module.x.aws_a.b", true),
            ("a*b*c", "a-c-b", false),
        ] {
            assert_eq!(matches(pattern, address), expected, "{pattern} {address}");
        }
    }
}
