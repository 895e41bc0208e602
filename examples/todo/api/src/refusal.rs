//! Every way in which a request ends without what it asked for, as JSON.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Invalid(&'static str),
    #[error("{}", .0.body_text())]
    Body(#[from] JsonRejection),
    #[error("an id is a whole number")]
    Id(#[from] PathRejection),
    #[error("there is no todo {0}")]
    NoSuchTodo(i64),
    #[error("there is nothing here")]
    NoSuchPage,
    #[error("this is not done here: the `Allow` header tells what is")]
    NoSuchMethod,
    /// The cause goes to the log: a client can do nothing with it.
    #[error("the database did not answer, please try again")]
    Database(#[from] sqlx::Error),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Body(rejection) => rejection.status(),
            Self::Id(_) => StatusCode::BAD_REQUEST,
            Self::NoSuchTodo(_) | Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Why the database did not answer: travels with the response as far as the log.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response =
            (self.status(), Json(json!({ "error": self.to_string() }))).into_response();
        if let Self::Database(error) = self {
            response.extensions_mut().insert(Cause(error.to_string()));
        }
        response
    }
}
