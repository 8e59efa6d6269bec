//! `POST /verbs/{verb}`: any verb of the board, whose body and answer are as its struct declares. A new
//! verb is offered and described here without a line of its own.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::command::{BoardVerb, Receipt, Verb};
use domain::every_verb;
use serde_json::{Map, Value};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Content, OpenApi, RefOr, Required, ResponseBuilder, ResponsesBuilder};
use utoipa::{PartialSchema as _, ToSchema};

use super::input::JsonObject;
use super::{openapi, undo};
use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::{AppState, any_verb};

/// Carries out the verb that the path names, with the arguments in the body.
pub(super) async fn verb(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    JsonObject(arguments): JsonObject,
) -> Result<Response, HttpError> {
    let verb = read(name, arguments)?;
    let receipts = any_verb::carry_out(&state, &caller.actor(), verb).await?;
    let acts = [receipts];
    Ok((undo::header(&acts), Json(acts[0].first())).into_response())
}

fn read(name: String, arguments: Map<String, Value>) -> Result<BoardVerb, HttpError> {
    let tagged = Value::Object(Map::from_iter([(name, arguments.into())]));
    serde_json::from_value(tagged).map_err(|error| HttpError::Senseless(error.to_string()))
}

macro_rules! describe_each {
    (Board($verbs:ident) { $($verb:ident,)* } $($rest:tt)*) => {
        /// Adds every verb to the document.
        pub(super) fn describe(document: &mut OpenApi) {
            $(add::<domain::command::$verb>(document, &snake_case(stringify!($verb)));)*
        }
    };
}
every_verb!(describe_each);

fn add<V: Verb<Answer: ToSchema> + ToSchema>(document: &mut OpenApi, name: &str) {
    let arguments = Content::new(Some(V::schema()));
    let arguments = RequestBodyBuilder::new()
        .content("application/json", arguments)
        .required(Some(Required::True));
    let receipt = Content::new(Some(Receipt::<V::Answer>::schema()));
    let done = ResponseBuilder::new()
        .description("It was carried out, or there was nothing to do.")
        .content("application/json", receipt);
    let responses = ResponsesBuilder::new()
        .response("200", done)
        .responses_from_into_responses::<openapi::Refusals>()
        .responses_from_into_responses::<openapi::Missing>()
        .responses_from_into_responses::<openapi::Untimely>();
    let operation = OperationBuilder::new()
        .tag("verbs")
        .operation_id(Some(name))
        .request_body(Some(arguments.build()))
        .responses(responses.build());
    let item = PathItem::new(HttpMethod::Post, operation);
    document.paths.paths.insert(format!("/verbs/{name}"), item);
    let mut schemas = Vec::new();
    V::schemas(&mut schemas);
    collect::<V::Answer>(&mut schemas);
    let components = document.components.get_or_insert_default();
    components.schemas.extend(schemas);
}

fn collect<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// Returns the name that serde gives to a variant.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_read_by_its_name_and_refused_in_a_sentence() {
        let of = |name: &str, json: Value| {
            let Value::Object(arguments) = json else {
                panic!("no object")
            };
            read(name.to_owned(), arguments)
        };
        let pause = of("pause", serde_json::json!({ "lane": "shell" })).unwrap();
        assert!(matches!(pause, BoardVerb::Pause(_)));
        let promote = of("promote_waiting", serde_json::json!({})).unwrap();
        assert!(matches!(promote, BoardVerb::PromoteWaiting(_)));
        for (name, json) in [
            ("fly", serde_json::json!({})),
            ("fly", serde_json::json!({ "to": "moon" })),
            ("archive_task", serde_json::json!({})),
            ("archive_task", serde_json::json!({ "task": "../x" })),
        ] {
            assert!(
                matches!(of(name, json), Err(HttpError::Senseless(_))),
                "{name}"
            );
        }
    }
}
