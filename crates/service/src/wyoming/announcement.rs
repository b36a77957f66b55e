//! Tells the local network of the server (Zeroconf: multicast DNS), so that Home Assistant offers it.

use std::net::SocketAddr;
use std::time::Duration;

use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};

/// What Home Assistant looks for.
const SERVICE_TYPE: &str = "_wyoming._tcp.local.";
/// How long the network may take to hear that the server has ended.
const FAREWELL: Duration = Duration::from_millis(500);
/// The longest label of a host name in DNS, in bytes.
const LONGEST_LABEL: usize = 63;

/// The server as other machines see it, until the value is dropped.
pub struct Announcement {
    daemon: ServiceDaemon,
    full_name: String,
}

/// Why the server is not announced.
#[derive(Debug, thiserror::Error)]
pub enum AnnouncementError {
    /// Only this machine reaches the address.
    #[error(
        "{address} is an address of this machine only, so there is nothing to announce: give --wyoming \
         0.0.0.0:{port}, or an address that other machines reach", port = .address.port()
    )]
    Loopback {
        /// Where the server listens.
        address: SocketAddr,
    },
    /// Multicast DNS does not work.
    #[error(
        "cannot announce the server on the network: leave out --zeroconf and enter its address by hand"
    )]
    Network {
        /// Why.
        #[from]
        source: mdns_sd::Error,
    },
}

impl Announcement {
    /// Announces a server that listens at `address`: at all of this machine's addresses, if it
    /// listens at all. Clients show `name`; by default it is the program's and the machine's.
    ///
    /// # Errors
    ///
    /// If nobody but this machine reaches the address, or the network cannot be asked.
    pub fn begin(address: SocketAddr, name: Option<&str>) -> Result<Self, AnnouncementError> {
        if address.ip().is_loopback() {
            return Err(AnnouncementError::Loopback { address });
        }
        // A name of its own: the machine's may be announced by another program.
        let host = host_label(&gethostname::gethostname().to_string_lossy());
        let name = name.unwrap_or(&host);
        let host = format!("{host}.local.");
        let properties: [(&str, &str); 0] = [];
        let port = address.port();
        let service = if address.ip().is_unspecified() {
            let service = ServiceInfo::new(SERVICE_TYPE, name, &host, (), port, &properties[..])?;
            let mut service = service.enable_addr_auto();
            let mut reached = vec![IfKind::IPv4];
            if address.is_ipv6() {
                reached.push(IfKind::IPv6);
            }
            service.set_interfaces(reached);
            service
        } else {
            ServiceInfo::new(
                SERVICE_TYPE,
                name,
                &host,
                address.ip(),
                port,
                &properties[..],
            )?
        };
        let full_name = service.get_fullname().to_owned();
        let daemon = ServiceDaemon::new()?;
        daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        daemon.register(service)?;
        Ok(Self { daemon, full_name })
    }

    /// Its name, as clients see it.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // Where it fails, clients notice by themselves that the server has gone.
        if let Ok(gone) = self.daemon.unregister(&self.full_name) {
            drop(gone.recv_timeout(FAREWELL));
        }
        if let Ok(ended) = self.daemon.shutdown() {
            drop(ended.recv_timeout(FAREWELL));
        }
    }
}

/// A label for DNS that names the program and the machine.
fn host_label(machine: &str) -> String {
    let first = machine.split('.').next().unwrap_or_default();
    let label = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let mut label: String = format!("pocket-onnx-{first}").chars().map(label).collect();
    label.truncate(LONGEST_LABEL);
    label.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_fit_for_dns() {
        assert_eq!(host_label("Living-Room.lan"), "pocket-onnx-living-room");
        assert_eq!(host_label("Küche PC"), "pocket-onnx-k-che-pc");
        assert_eq!(host_label(""), "pocket-onnx");
        assert_eq!(host_label(&"a".repeat(100)).len(), LONGEST_LABEL);
    }

    #[test]
    fn an_address_that_nobody_reaches_is_not_announced() {
        let address = "127.0.0.1:10200".parse().unwrap();
        let announced = Announcement::begin(address, None);
        let error = announced.err().unwrap().to_string();
        assert!(error.contains("--wyoming 0.0.0.0:10200"), "{error}");
    }
}
