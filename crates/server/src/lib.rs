//! Serves the demo page and bundles over HTTP, and routes that other crates add.
//!
//! | path | answer |
//! | --- | --- |
//! | `/models/`, `/models/index.json` | the bundles there are ([`OfferedBundle`]s) |
//! | `/models/<name>/` | the bundle's manifest |
//! | `/models/<name>/<file>` | a file that the bundle's manifest names, or the manifest |
//! | a route of [`ServerOptions::api`] | what that route answers |
//! | anything else | a file of the page |
//!
//! The address of a folder without its slash redirects to the one with it. Requests for any host
//! but the loopback interface are refused, unless [`Access`] allows it.
//!
//! Nothing is cached between requests: a bundle that is converted again, or a page that is built
//! again, is served at once. Only files that a bundle's manifest lists, and files in the page's
//! folder, can be requested.

mod access;
mod connections;
mod content;
mod error;
mod file;
mod isolation;
mod models;
mod page;
mod range;
mod serve;

pub use access::Access;
pub use error::ServeError;
pub use models::{Models, OfferedBundle};
pub use page::Page;
pub use serve::{Server, ServerOptions};
