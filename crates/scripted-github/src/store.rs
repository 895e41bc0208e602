//! What the server keeps, and its routes.

use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Store {
    /// With the number of the issue that each belongs to.
    comments: Vec<(u64, Value)>,
    pub(crate) issues: Vec<Value>,
    pub(crate) statuses: Vec<Value>,
    /// Merge commits and the heads that they merged.
    pub(crate) merged: Vec<(String, String)>,
    /// Id, status, conclusion; the latest word first.
    pub(crate) runs: Vec<(String, String, Option<String>)>,
    last: u64,
}

impl Store {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(crate) fn add_comment(
        &mut self,
        issue: u64,
        r#type: &str,
        author: &str,
        body: &str,
    ) -> Value {
        let id = self.next();
        let comment = json!({
            "id": id, "html_url": format!("https://github.com/c/{id}"), "body": body,
            "author_association": author, "user": {"type": r#type},
        });
        self.comments.push((issue, comment.clone()));
        comment
    }

    pub(crate) fn comments(&self, issue: u64) -> Vec<Value> {
        let ours = self.comments.iter().filter(|(of, _)| *of == issue);
        ours.map(|(_, comment)| comment.clone()).collect()
    }

    pub(crate) fn edit_comment(&mut self, id: u64, body: &str) -> Option<Value> {
        let (_, comment) = self.comments.iter_mut().find(|(_, comment)| comment["id"] == id)?;
        comment["body"] = body.into();
        Some(comment.clone())
    }

    fn open_issue(&mut self, body: &Value) -> Value {
        let number = self.next();
        let issue = json!({
            "number": number, "html_url": format!("https://github.com/i/{number}"), "state": "open",
            "title": body["title"], "body": body["body"],
            "author_association": "NONE", "user": {"type": "Bot"},
        });
        self.issues.push(issue.clone());
        issue
    }

    fn edit_issue(&mut self, number: u64, changes: &Value) -> Option<Value> {
        let issue = self.issues.iter_mut().find(|issue| issue["number"] == number)?;
        for (name, value) in changes.as_object()? {
            issue[name.as_str()] = value.clone();
        }
        Some(issue.clone())
    }

    /// The answer to a request, with its status.
    pub(crate) fn answer(
        &mut self,
        method: &str,
        path: &str,
        query: &str,
        body: &Value,
    ) -> (u16, Value) {
        let not_found = || (404, json!({"message": "Not Found"}));
        let mut segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        if segments.len() < 3 {
            return not_found();
        }
        segments.drain(..3);
        let page = |items: Vec<Value>| (200, Value::from(page_of(items, query)));
        match (method, segments.as_slice()) {
            ("GET", ["issues", number, "comments"]) => {
                page(self.comments(number.parse().unwrap_or_default()))
            }
            ("POST", ["issues", number, "comments"]) => {
                let number = number.parse().unwrap_or_default();
                let text = body["body"].as_str().unwrap_or_default();
                (201, self.add_comment(number, "Bot", "NONE", text))
            }
            ("PATCH", ["issues", "comments", id]) => {
                let text = body["body"].as_str().unwrap_or_default();
                match self.edit_comment(id.parse().unwrap_or_default(), text) {
                    Some(comment) => (200, comment),
                    None => not_found(),
                }
            }
            ("GET", ["issues"]) => {
                let open = self.issues.iter().filter(|issue| issue["state"] == "open");
                page(open.rev().cloned().collect())
            }
            ("POST", ["issues"]) => (201, self.open_issue(body)),
            ("PATCH", ["issues", number]) => {
                match self.edit_issue(number.parse().unwrap_or_default(), body) {
                    Some(issue) => (200, issue),
                    None => not_found(),
                }
            }
            ("POST", ["statuses", sha]) => {
                let mut status = body.clone();
                status["sha"] = (*sha).into();
                self.statuses.insert(0, status.clone());
                (201, status)
            }
            ("GET", ["commits", sha, "statuses"]) => {
                let of_commit = self.statuses.iter().filter(|status| status["sha"] == *sha);
                page(of_commit.cloned().collect())
            }
            ("GET", ["commits", sha, "pulls"]) => {
                let merged = self.merged.iter().filter(|(commit, _)| commit == sha);
                page(merged.map(|(sha, head)| json!({
                    "merge_commit_sha": sha, "merged_at": "2026-11-24T12:00:00Z", "head": {"sha": head},
                })).collect())
            }
            ("GET", ["actions", "runs", run, "attempts", _]) => {
                match self.runs.iter().find(|(id, _, _)| id == run) {
                    Some((_, status, conclusion)) => {
                        (200, json!({"status": status, "conclusion": conclusion}))
                    }
                    None => not_found(),
                }
            }
            _ => not_found(),
        }
    }
}

/// `per_page` and `page`, thirty and the first where they are not given.
fn page_of(items: Vec<Value>, query: &str) -> Vec<Value> {
    let number = |name: &str, default: usize| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(default)
    };
    let each = number("per_page", 30).min(100);
    items.into_iter().skip((number("page", 1) - 1) * each).take(each).collect()
}
