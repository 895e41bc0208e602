//! `/api/todos`: the resource itself.

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, patch};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::serve::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/todos", get(list).post(add))
        .route("/api/todos/{id}", patch(change).delete(remove))
}

#[derive(Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
struct Todo {
    id: i64,
    title: String,
    done: bool,
    created_at: String,
    done_at: Option<String>,
}

/// The columns of a `Todo`. PostgreSQL writes the moments as JavaScript reads them, which spares a
/// library for dates.
macro_rules! columns {
    () => {
        r#"id, title, done,
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
           to_char(done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS done_at"#
    };
}

async fn list(State(app): State<App>) -> Result<Json<Vec<Todo>>, Refusal> {
    // A bound, so that no list is too long for the answer; the newest matter most.
    const SQL: &str = concat!("SELECT ", columns!(), " FROM todos ORDER BY id DESC LIMIT 500");
    Ok(Json(sqlx::query_as(SQL).fetch_all(&app.pool).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTodo {
    title: String,
}

async fn add(
    State(app): State<App>,
    body: Result<Json<NewTodo>, JsonRejection>,
) -> Result<(StatusCode, Json<Todo>), Refusal> {
    const SQL: &str = concat!("INSERT INTO todos (title) VALUES ($1) RETURNING ", columns!());
    let Json(new) = body?;
    let todo = sqlx::query_as(SQL).bind(title(&new.title)?).fetch_one(&app.pool).await?;
    Ok((StatusCode::CREATED, Json(todo)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    title: Option<String>,
    done: Option<bool>,
}

async fn change(
    State(app): State<App>,
    id: Result<Path<i64>, PathRejection>,
    body: Result<Json<Change>, JsonRejection>,
) -> Result<Json<Todo>, Refusal> {
    // Done twice is done since the first time.
    const SQL: &str = concat!(
        "UPDATE todos SET title = coalesce($2, title), done = coalesce($3, done),
            done_at = CASE WHEN coalesce($3, done) THEN coalesce(done_at, now()) END
         WHERE id = $1 RETURNING ",
        columns!()
    );
    let Path(id) = id?;
    let Json(change) = body?;
    if change.title.is_none() && change.done.is_none() {
        return Err(Refusal::Invalid("nothing to change: give `title` or `done`"));
    }
    let title = change.title.as_deref().map(title).transpose()?;
    let changed = sqlx::query_as(SQL)
        .bind(id)
        .bind(title)
        .bind(change.done)
        .fetch_optional(&app.pool)
        .await?;
    changed.map(Json).ok_or(Refusal::NoSuchTodo(id))
}

async fn remove(
    State(app): State<App>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let Path(id) = id?;
    let removed =
        sqlx::query("DELETE FROM todos WHERE id = $1").bind(id).execute(&app.pool).await?;
    if removed.rows_affected() == 0 {
        Err(Refusal::NoSuchTodo(id))
    } else {
        Ok(StatusCode::NO_CONTENT)
    }
}

/// The same bounds as the table's own, told in words.
fn title(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    if !(1..=200).contains(&text.chars().count()) {
        return Err(Refusal::Invalid("a title has 1 to 200 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::Invalid("a title is one line of text"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_trimmed() {
        assert_eq!(title("  water the plants ").unwrap(), "water the plants");
    }

    #[test]
    fn a_title_is_counted_in_characters() {
        assert!(title(&"ä".repeat(200)).is_ok());
        assert!(title(&"ä".repeat(201)).is_err());
    }

    #[test]
    fn a_title_is_one_line_and_not_blank() {
        for wrong in ["", " \t ", "two\nlines", "nul\0"] {
            assert!(title(wrong).is_err(), "{wrong:?}");
        }
    }
}
