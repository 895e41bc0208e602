//! A plan as people read it: first what is destroyed or replaced and why, then the rest. Pure text.

mod lines;
mod markdown;
mod text;

pub(crate) use self::{
    lines::is_real,
    markdown::{Section, comment, diagnostic_markdown, drift_sections, ledger_markdown, sections},
    text::{drift_text, ledger_text, plan_text},
};
use crate::plan::Plan;

/// What all changes come to.
pub(crate) fn headline(plan: &Plan) -> String {
    let outputs = match plan.outputs.len() {
        0 => String::new(),
        1 => ", 1 output changes".to_owned(),
        many => format!(", {many} outputs change"),
    };
    if plan.is_empty() { "no changes".to_owned() } else { plan.counts.sentence() + &outputs }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::protect;

    fn everything(plan: &Plan) -> String {
        let losses = protect::losses(plan, &[]);
        let sections = sections(plan, &losses, "root");
        let drift = drift_sections(&plan.drift);
        let whole: String =
            sections.iter().chain(&drift).map(|section| section.full.as_str()).collect();
        let comment = comment(&sections, 2000, "there");
        format!("{}\n{whole}\n{comment}", plan_text(plan, &losses))
    }

    #[test]
    fn a_plan_with_every_action_is_told_gravest_first() {
        let plan = Plan::parse(include_bytes!("../../tests/data/every-action.json")).unwrap();
        insta::assert_snapshot!(plan_text(&plan, &[]));
        assert!(!everything(&plan).contains("S3cr3t-value"));
    }

    #[test]
    fn json_inside_a_string_is_compared_line_by_line() {
        let policy =
            |action: &str| json!({"Statement": [{"Action": action, "Resource": "*"}]}).to_string();
        let plan = json!({"resource_changes": [{
            "address": "aws_iam_policy.x", "type": "aws_iam_policy", "mode": "managed",
            "change": {"actions": ["update"], "before": {"policy": policy("s3:GetObject")}, "after": {"policy": policy("s3:*")}},
        }]});
        let plan = Plan::parse(plan.to_string().as_bytes()).unwrap();
        let text = plan_text(&plan, &[]);
        assert!(text.contains("-         \"Action\": \"s3:GetObject\""), "{text}");
        assert!(text.contains("+         \"Action\": \"s3:*\""), "{text}");
    }

    #[test]
    fn a_comment_keeps_its_limit_and_what_is_grave() {
        let change = |index: usize| {
            let actions =
                if index % 100 == 99 { json!(["delete", "create"]) } else { json!(["update"]) };
            let text = |what: &str| format!("{what} 𝕏\n").repeat(40);
            json!({"address": format!("aws_a.b[{index}]"), "type": "aws_a", "mode": "managed", "change": {
                "actions": actions, "before": {"text": text("old")}, "after": {"text": text("new")}}})
        };
        for count in [1, 100, 400, 2000] {
            let changes: Vec<Value> = (0..count).map(change).collect();
            let plan = json!({ "resource_changes": changes }).to_string();
            let sections = sections(&Plan::parse(plan.as_bytes()).unwrap(), &[], "root");
            let comment = comment(&sections, 60_000, "there");
            assert!(comment.encode_utf16().count() <= 60_000, "{count}");
            for index in (0..count).filter(|index| index % 100 == 99) {
                assert!(
                    comment.contains(&format!("#### replace aws\\_a.b\\[{index}\\]")),
                    "{count} {index}"
                );
            }
            assert_eq!(comment.contains("all of it: there"), count > 1, "{count}");
        }
    }

    /// Values that nothing else in a plan resembles.
    fn secret() -> impl Strategy<Value = String> {
        "zq[a-z\"\\\\/ \n<&%]{4,12}qz"
    }

    /// A tree of attributes in which some leaves hold the secret, as it is or inside of something.
    fn tree(secret: String) -> impl Strategy<Value = Value> {
        let inside = secret.clone();
        let encoded = secret.clone();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~\n]{0,40}".prop_map(Value::from),
            Just(Value::from(secret)),
            Just(Value::from(format!("url://user:{inside}@host"))),
            Just(Value::from(json!({"nested": encoded}).to_string())),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[a-z_.]{1,8}", inner, 0..5)
                    .prop_map(Value::from_iter),
            ]
        })
    }

    fn actions() -> impl Strategy<Value = Vec<&'static str>> {
        prop_oneof![
            Just(vec!["no-op"]),
            Just(vec!["create"]),
            Just(vec!["read"]),
            Just(vec!["update"]),
            Just(vec!["delete", "create"]),
            Just(vec!["create", "delete"]),
            Just(vec!["delete"]),
            Just(vec!["forget"]),
            Just(vec!["create", "forget"]),
            Just(vec!["something-new"]),
            Just(vec![]),
        ]
    }

    fn marks() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::from),
            Just(json!({})),
            Just(json!([true])),
            proptest::collection::btree_map(
                "[a-z_.]{1,8}",
                any::<bool>().prop_map(Value::from),
                0..4
            )
            .prop_map(Value::from_iter),
        ]
    }

    prop_compose! {
        fn plan_with(secret: String)(
            changes in proptest::collection::vec(
                (actions(), tree(secret.clone()), tree(secret.clone()), marks(), marks(), marks()), 0..6),
            outputs in proptest::collection::vec((actions(), tree(secret.clone()), tree(secret.clone())), 0..3),
        ) -> Value {
            let change = |(index, (actions, before, after, unknown, hidden_before, hidden_after)): (usize, _)| json!({
                "address": format!("aws_x.y[{index}]"), "type": "aws_x", "mode": "managed",
                "change": {
                    "actions": actions, "before": before, "after": after, "after_unknown": unknown,
                    "before_sensitive": hidden_before, "after_sensitive": hidden_after,
                },
            });
            let changes: Vec<Value> = changes.into_iter().enumerate().map(change).collect();
            let outputs: serde_json::Map<String, Value> = outputs
                .into_iter()
                .enumerate()
                .map(|(index, (actions, before, after))| {
                    (format!("o{index}"), json!({"actions": actions, "before": before, "after": after}))
                })
                .collect();
            json!({"resource_changes": changes, "resource_drift": changes, "output_changes": outputs})
        }
    }

    proptest! {
        /// Marked in one single place, it is shown in none.
        #[test]
        fn a_value_that_is_marked_anywhere_is_shown_nowhere(
            (secret, mut plan) in secret().prop_flat_map(|secret| (Just(secret.clone()), plan_with(secret)))
        ) {
            plan["variables"] = json!({"password": {"value": secret}});
            plan["configuration"] = json!({"root_module": {"variables": {"password": {"sensitive": true}}}});
            let plan = Plan::parse(plan.to_string().as_bytes()).unwrap();
            let text = everything(&plan);
            for spelling in [secret.clone(), Value::from(secret.as_str()).to_string().trim_matches('"').to_owned()] {
                prop_assert!(!text.contains(&spelling), "{}", text);
            }
        }

        /// Whatever a plan looks like, it is told.
        #[test]
        fn no_shape_of_a_plan_is_a_panic(plan in tree("zq".to_owned())) {
            let plan = json!({"resource_changes": [{"address": "a.b", "mode": "managed", "change": {
                "actions": ["update"], "before": plan, "after": null, "after_unknown": plan, "before_sensitive": plan,
                "replace_paths": [["a", 0, "b.c"]]}}], "checks": [plan], "configuration": plan});
            let _text = Plan::parse(plan.to_string().as_bytes()).map(|plan| everything(&plan));
        }
    }
}
