//! The `{id}` of a path, as it was given: a handler says which kind it is of, and asks for its value
//! once the rest of the request has the right form.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::error::Error;
use domain::id::TaskId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::scalar::integer;
use crate::http_error::HttpError;

/// The id of a task.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::rest) struct TaskParameter {
    /// The task, as in `t_1a2b3c4d`.
    id: String,
}

impl TaskParameter {
    /// The task that it names.
    pub(in crate::rest) fn task(&self) -> Result<TaskId, HttpError> {
        task_id(&self.id)
    }
}

/// The name of a board.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::rest) struct BoardParameter {
    /// Its name; this one is called `default`.
    #[param(example = "default")]
    pub(in crate::rest) id: String,
}

/// The number of a run, a subscription or a delivery.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::rest) struct NumberParameter {
    /// Its number.
    #[param(value_type = i64)]
    id: String,
}

impl NumberParameter {
    /// The number that it is.
    pub(in crate::rest) fn number(&self) -> Result<i64, HttpError> {
        let text = Value::from(self.id.as_str());
        integer(&text).map_err(|complaint| {
            let fault = complaint.about(vec![json!("path"), json!("id")], text.clone());
            HttpError::Malformed(vec![fault])
        })
    }
}

/// One of the parameters above.
pub(in crate::rest) struct Named<T>(pub(in crate::rest) T);

impl<T: DeserializeOwned + Default + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        // What is not UTF-8 names nothing.
        Ok(Self(path.map(|Path(named)| named).unwrap_or_default()))
    }
}

/// The task with this id. A text that cannot be an id names no task, so the answer is the same.
pub(in crate::rest) fn task_id(text: &str) -> Result<TaskId, HttpError> {
    text.parse()
        .map_err(|_| Error::UnknownTask(text.to_owned()).into())
}
