//! `pocket-onnx serve`: the demo page and bundles, over HTTP on this machine.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use serde_json::json;
use server::{Models, Options, Page, Server};

use crate::args::ServeArgs;
use crate::included;
use crate::interrupt::{self, Writing};
use crate::output::{note, print};

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    serve(args, Showing::Page)
}

/// What a browser opened by this command shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Showing {
    /// The page, waiting for a text.
    Page,
    /// The page, speaking at once.
    Speaking,
}

impl Showing {
    /// What is served at the address.
    fn fragment(self) -> &'static str {
        match self {
            Self::Page => "",
            Self::Speaking => "#speak",
        }
    }
}

/// Serves until an interrupt, which the caller listens for.
pub(crate) fn serve(args: &ServeArgs, showing: Showing) -> Result<ExitCode> {
    // The included model if nothing was converted; its files are deleted when the server ends.
    let included = if included::is_missing(&args.bundle) {
        Some(included::bundle()?)
    } else {
        None
    };
    let bundle = included
        .as_ref()
        .map_or(args.bundle.as_path(), |(_, dir)| dir.as_path());
    let models = Models::open(bundle)?;
    let options = Options {
        page: Page::open(&args.page)?,
        models: models.clone(),
        port: args.port,
        isolation: !args.no_isolation,
    };
    let offers = models.list()?;
    // From here on an interrupt is the normal way to end.
    let _held = Writing::begin();
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    runtime.block_on(async {
        let server = Server::bind(options).await?;
        let url = server.url();
        if args.json {
            let summary = json!({ "url": &url, "models": &offers });
            print(&format!("{summary}\n"))?;
        } else {
            for offer in &offers {
                let noise = if offer.synthetic {
                    " (synthetic: makes noise)"
                } else {
                    ""
                };
                let included = match &included {
                    Some(_) => format!(
                        ": {} (there is no bundle in {})",
                        included::DESCRIPTION,
                        args.bundle.display()
                    ),
                    None => String::new(),
                };
                note(&format!("serving {}{noise}{included}", offer.name));
            }
            print(&format!("{url}\n"))?;
            note("Ctrl-C ends it");
        }
        if args.open {
            open(&format!("{url}{}", showing.fragment()));
        }
        server.run(interrupt::came()).await?;
        anyhow::Ok(())
    })?;
    // Open downloads do not delay the end.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// Opens the page in the user's browser.
fn open(url: &str) {
    let (program, before): (_, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/c", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(before).arg(url).stdin(Stdio::null());
    // The browser's output is not of interest.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        note(&format!(
            "notice: no browser could be started ({program}: {error})"
        ));
    }
}
