//! Raw AWS JSON, adjusted: how a scenario says "as usual, but for this member".

use serde_json::Value;

/// Lays `patch` over `base`: objects merge, `null` removes, lists of named objects (containers) merge by name, all else is replaced.
pub(crate) fn lay_over(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    base.shift_remove(key);
                } else {
                    lay_over(base.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(base), Value::Array(patch))
            if !patch.is_empty() && patch.iter().all(|item| name(item).is_some()) =>
        {
            for item in patch {
                match base.iter_mut().find(|known| name(known) == name(item)) {
                    Some(known) => lay_over(known, item),
                    None => base.push(item.clone()),
                }
            }
        }
        (base, patch) => *base = patch.clone(),
    }
}

fn name(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_merge_by_name_and_null_removes() {
        let mut base = json!({"cpu": "256", "containerDefinitions": [{"name": "api", "image": "a", "essential": true}]});
        lay_over(
            &mut base,
            &json!({"cpu": null, "containerDefinitions": [{"name": "api", "image": "b"}, {"name": "log"}]}),
        );
        assert_eq!(
            base,
            json!({"containerDefinitions": [{"name": "api", "image": "b", "essential": true}, {"name": "log"}]})
        );
    }
}
