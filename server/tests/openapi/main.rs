//! `server/src/openapi.yaml` says what the code does: routes, answers and examples.
//! `scripts/openapi` holds it against the running program besides.

mod answers;
mod document;
mod examples;
mod golden;
mod routes;
