//! Web addresses and e-mail: `https://example.com/a-b`, `www.example.org`, `user@example.com`.

use super::Reading;
use crate::context::{CONTEXT_BYTES, Cursor};
use crate::expansion::ExpansionKind;
use crate::spell::Gender;
use crate::table::LanguageTable;

/// Top-level domains that tell host names from words and files.
const DOMAINS: [&str; 22] = [
    "com", "org", "net", "edu", "gov", "info", "io", "ai", "app", "dev", "eu", "de", "fr", "nl",
    "uk", "ch", "br", "pt", "at", "be", "ca", "tv",
];

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let rest = place.rest();
    let limit = rest.ceil_char_boundary(CONTEXT_BYTES.min(rest.len()));
    let length = rest[..limit].find(|c: char| c.is_whitespace() || "<>\"“”„«»|{}[]…()".contains(c));
    let token = &rest[..length.unwrap_or(limit)];
    let token = token.trim_end_matches(|c| ".,;:!?'’*_".contains(c));
    if token.len() >= CONTEXT_BYTES || !token.contains(['.', '@']) || !token.is_ascii() {
        return None;
    }
    let mut scheme = ["https://", "http://", "ftp://"].into_iter();
    let address = scheme.find_map(|scheme| token.strip_prefix(scheme));
    let is_address = match address {
        Some(address) => is_host(host(address)),
        None if token.contains('@') => is_email(token),
        None => {
            let host = host(token);
            is_host(host) && (host.starts_with("www.") || is_known(host)) && !token.contains(':')
        }
    };
    if !is_address {
        return None;
    }
    let address = address.unwrap_or(token);
    let address = address.strip_suffix('/').unwrap_or(address);
    Some(Reading::new(
        ExpansionKind::Address,
        spoken(place.table, address)?,
        place.at + token.len(),
    ))
}

/// The name of the host at the beginning of an address.
fn host(address: &str) -> &str {
    address
        .split(['/', '?', '#', ':'])
        .next()
        .unwrap_or_default()
}

/// Whether it consists of labels of letters, digits and hyphens, separated by full stops.
fn is_host(host: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_domain = last.len() > 1 && last.bytes().all(|c| c.is_ascii_alphabetic());
    host.contains('.') && host.split('.').all(is_name) && is_domain
}

fn is_known(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    // `word.It` is the end of one sentence and the beginning of the next.
    DOMAINS.contains(&last) && host.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_email(token: &str) -> bool {
    let Some((user, host)) = token.split_once('@') else {
        return false;
    };
    let is_sign = |c: u8| c.is_ascii_alphanumeric() || b"._%+-".contains(&c);
    !user.is_empty() && user.bytes().all(is_sign) && is_host(host)
}

/// Words, numbers, and the names of the signs between them.
fn spoken(table: &LanguageTable, address: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = address;
    while let Some(first) = rest.chars().next() {
        let is_same = |c: char| {
            if first.is_ascii_digit() {
                c.is_ascii_digit()
            } else {
                c.is_ascii_alphabetic() && first.is_ascii_alphabetic()
            }
        };
        let length = rest.find(|c| !is_same(c)).unwrap_or(rest.len()).max(1);
        let (run, after) = rest.split_at(length);
        rest = after;
        if first.is_ascii_digit() {
            let is_short = run.len() <= 2 && !run.starts_with('0');
            words.push(if is_short {
                table.cardinal(run.parse().ok()?, Gender::Alone)?
            } else {
                table.digits(run)?
            });
        } else if first.is_ascii_alphabetic() {
            let letters = table.get("address words", run);
            words.push(letters.unwrap_or(run).to_owned());
        } else {
            words.push(table.get("address signs", run)?.to_owned());
        }
    }
    Some(words.join(" "))
}
