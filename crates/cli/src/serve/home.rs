//! The part of `serve` that Home Assistant uses.

use anyhow::{Context, Result};
use service::http::Service;
use service::wyoming::{self, Announcement};
use tokio::net::TcpListener;

use crate::args::ApiArgs;
use crate::output::note;

/// The address for the Wyoming protocol, and its announcement, which ends with the value.
pub(crate) struct WyomingServer {
    listener: TcpListener,
    announcement: Option<Announcement>,
}

impl WyomingServer {
    /// Listens, if the arguments say so; clients wait until [`Self::start`].
    pub(crate) async fn bind(args: &ApiArgs) -> Result<Option<Self>> {
        let Some(address) = args.wyoming else {
            return Ok(None);
        };
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address} for the Wyoming protocol: choose another port")
        })?;
        let address = listener.local_addr()?;
        let name = args.zeroconf.as_deref();
        let announce =
            |name: &str| Announcement::begin(address, Some(name).filter(|it| !it.is_empty()));
        Ok(Some(Self {
            announcement: name.map(announce).transpose()?,
            listener,
        }))
    }

    /// Answers from now on, and returns what has to live as long as it does.
    pub(crate) fn start(self, service: Service) -> Result<Option<Announcement>> {
        note(&format!("Wyoming: tcp://{}", self.listener.local_addr()?));
        if let Some(announcement) = &self.announcement {
            note(&format!("announced as {}", announcement.full_name()));
        }
        tokio::spawn(wyoming::serve(self.listener, service));
        Ok(self.announcement)
    }
}
