//! Why the server cannot start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use bundle::ManifestError;

/// Why the server does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The page has not been built.
    #[error(
        "{path}: there is no page (no index.html): build it with `cargo xtask wasm`, and then `npm run build:demo` in browser/, or name its folder with --page"
    )]
    NoPage {
        /// Where the page was looked for.
        path: PathBuf,
    },
    /// The folder has the sources of a page, which browsers cannot run.
    #[error(
        "{path}: this page is not built (its scripts are TypeScript): name the folder that its bundler writes, such as dist/"
    )]
    Unbuilt {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is not a bundle and contains none.
    #[error("{path}: no bundle here, nor in its sub-folders: `pocket-onnx convert` makes one")]
    NoBundle {
        /// Where bundles were looked for.
        path: PathBuf,
    },
    /// The folder's manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The port is taken or forbidden.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}
