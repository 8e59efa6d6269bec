//! The schemas of names, ids and times in `OpenAPI`: each is one text or number in JSON. Only doors
//! that describe themselves need them, so they stand behind the feature `openapi`.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::id::{CommentId, DeliveryId, EventId, ReceiptId, RunId, SubscriptionId, TaskId};
use crate::notify::quiet::QuietHours;
use crate::status::Status;
use crate::time::{Seconds, Timestamp};

macro_rules! schemas {
    ($($type:ident: $schema:ident, $description:literal, $example:expr;)*) => {
        $(
            impl PartialSchema for $type {
                fn schema() -> RefOr<Schema> {
                    let object = ObjectBuilder::new()
                        .schema_type(Type::$schema)
                        .description(Some($description))
                        .examples([$example]);
                    object.build().into()
                }
            }

            impl ToSchema for $type {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($type))
                }
            }
        )*
    };
}
schemas! {
    TaskId: String, "`t_` and lower-case hexadecimal digits", "t_1a2b3c4d";
    Status: String, "A column of the board; another program may know more of them", "ready";
    QuietHours: String, "A part of every day, perhaps in a time zone", "22:00-07:00 Europe/Berlin";
    ReceiptId: Integer, "A receipt of a check", 5;
    EventId: Integer, "The position of an event in the log of the whole board", 17;
    RunId: Integer, "One attempt at a task", 3;
    CommentId: Integer, "A comment on a task", 5;
    SubscriptionId: Integer, "A subscription to more than one task", 2;
    DeliveryId: Integer, "One piece of news for one address", 11;
    Timestamp: Integer, "Seconds since 1970-01-01 00:00 UTC", 1_777_200_000;
    Seconds: Integer, "A span of whole seconds", 900;
}
