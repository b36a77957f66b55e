//! `pocket-onnx serve`: the demo page and bundles, over HTTP on this machine.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use serde_json::json;
use server::{Models, Options, Page, Server};

use crate::args::ServeArgs;
use crate::interrupt::{self, Writing};
use crate::output::{note, print};

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    serve(args)
}

/// Serves until an interrupt comes, which somebody else listens for.
pub(crate) fn serve(args: &ServeArgs) -> Result<ExitCode> {
    let models = Models::open(&args.bundle)?;
    let options = Options {
        page: Page::open(&args.page)?,
        models: models.clone(),
        port: args.port,
        isolation: !args.no_isolation,
    };
    let offers = models.list()?;
    // From here on an interrupt is the way to end well.
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
                note(&format!("serving {}{noise}", offer.name));
            }
            print(&format!("{url}\n"))?;
            note("Ctrl-C ends it");
        }
        if args.open {
            open(&url);
        }
        server.run(interrupt::came()).await?;
        anyhow::Ok(())
    })?;
    // A file that is being read is no reason to wait.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// Shows the page in the user's browser.
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
    // What a browser has to say is of no interest here.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        note(&format!(
            "notice: no browser can be started ({program}: {error})"
        ));
    }
}
