//! `pocket-onnx serve`: the demo page and bundles, over HTTP on this machine.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::json;
use server::{Access, Models, Page, ServeError, Server, ServerOptions};
use service::VoiceError;
use service::http::router;
use tokio::task::JoinHandle;

use crate::args::{DEFAULT_PAGE, ServeArgs};
use crate::included;
use crate::interrupt::{self, Writing};
use crate::output::{note, print};

mod api;
mod home;

pub(crate) use self::api::{settings, voices};
use self::home::WyomingServer;

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
    let access = access(args)?;
    // The included model if nothing was converted; its files are deleted when the server ends.
    let chosen = included::or_included(&args.bundle, true)?;
    let models = Models::open(&chosen.bundle)?;
    let offers = models.list()?;
    let service = api::service(&args.api, &offers)?;
    let options = ServerOptions {
        page: page(&args.page)?,
        models,
        address: SocketAddr::new(args.host, args.port),
        access,
        api: router(service.clone()),
        isolation: !args.no_isolation,
    };
    let has_page = options.page.is_some();
    // From here on an interrupt is the normal way to end.
    let _held = Writing::begin();
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    runtime.block_on(async {
        let server = Server::bind(options).await?;
        let url = server.url();
        let home = WyomingServer::bind(&args.api).await?;
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
                let included = match &chosen.scratch {
                    Some(_) => format!(
                        ": {} (there is no bundle in {})",
                        included::DESCRIPTION,
                        args.bundle.display()
                    ),
                    None => String::new(),
                };
                note(&format!("serving {}{noise}{included}", offer.name));
            }
            if !has_page {
                note(&format!(
                    "notice: there is no page in {} (README, In the browser): only the API is served",
                    args.page.display()
                ));
            }
            print(&format!("{url}\n"))?;
            note(&format!("OpenAI's clients: base URL {url}v1"));
            note("Ctrl-C ends it");
        }
        if args.open {
            open(&format!("{url}{}", showing.fragment()));
        }
        // Pages and requests are answered from now on; those for speech wait for the model.
        let voices = service.voices.clone();
        let warming = tokio::task::spawn_blocking(move || voices.warm());
        // It ends with the server.
        let _announcement = home.map(|home| home.start(service)).transpose()?;
        let mut failure = Ok(());
        let end = async {
            tokio::select! {
                () = interrupt::came() => {}
                error = failed(warming) => failure = Err(error),
            }
        };
        server.run(end).await;
        failure
    })?;
    // Open downloads do not delay the end.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

/// Resolves if the model cannot be loaded.
async fn failed(warming: JoinHandle<Result<(), VoiceError>>) -> anyhow::Error {
    match warming.await {
        Ok(Ok(())) => std::future::pending().await,
        Ok(Err(error)) => error.into(),
        Err(error) => error.into(),
    }
}

/// The page, if it was built. A folder that the user named must have one.
fn page(dir: &Path) -> Result<Option<Page>> {
    match Page::open(dir) {
        Err(ServeError::NoPage { .. }) if dir == Path::new(DEFAULT_PAGE) => Ok(None),
        page => Ok(Some(page?)),
    }
}

/// Which requests are allowed. Other interfaces than the loopback one need an API key.
fn access(args: &ServeArgs) -> Result<Access> {
    let key = args.api.api_key.clone();
    if !args.host.is_loopback() && key.is_none() {
        bail!(
            "--host {}: other machines can reach this address, so the API needs a key: give --api-key, or set \
             POCKET_ONNX_API_KEY",
            args.host
        );
    }
    Ok(Access {
        hosts: args.api.allow_host.clone(),
        origins: args.api.allow_origin.clone(),
        key,
    })
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
