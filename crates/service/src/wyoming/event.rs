//! Events: a line of JSON with a `type`, then as many bytes of data (JSON) and of payload as it
//! says.

use std::io;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// Version of the protocol that this follows.
const VERSION: &str = "1.8.0";
/// Bytes of the line at most.
const LONGEST_LINE: u64 = 1 << 20;
/// Bytes of data, and of payload, at most.
const LONGEST_PART: u64 = 16 << 20;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) data: Map<String, Value>,
    pub(crate) payload: Vec<u8>,
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventError {
    #[error("an event is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Event {
    pub(crate) fn new(kind: &str, data: Value) -> Self {
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        Self {
            kind: kind.to_owned(),
            data,
            payload: Vec::new(),
        }
    }

    /// A string of the data.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }

    /// The next event; none where the other side has closed.
    pub(crate) async fn read(
        reader: &mut (impl AsyncBufRead + Unpin),
    ) -> Result<Option<Self>, EventError> {
        let mut line = Vec::new();
        let mut limited = (&mut *reader).take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            return Err(EventError::Damaged("its line has no end".into()));
        }
        let damaged = |error: serde_json::Error| EventError::Damaged(error.to_string());
        let head: Map<String, Value> = serde_json::from_slice(&line).map_err(damaged)?;
        let Some(Value::String(kind)) = head.get("type") else {
            return Err(EventError::Damaged("it has no type".into()));
        };
        let mut event = Self::new(kind, head.get("data").cloned().unwrap_or_default());
        let data = part(reader, &head, "data_length").await?;
        if !data.is_empty() {
            let more: Map<String, Value> = serde_json::from_slice(&data).map_err(damaged)?;
            event.data.extend(more);
        }
        event.payload = part(reader, &head, "payload_length").await?;
        Ok(Some(event))
    }

    pub(crate) async fn write(&self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let data = Value::Object(self.data.clone()).to_string();
        let mut head = json!({
            "type": self.kind,
            "version": VERSION,
            "data_length": data.len(),
        });
        if !self.payload.is_empty() {
            head["payload_length"] = self.payload.len().into();
        }
        let mut bytes = format!("{head}\n{data}").into_bytes();
        bytes.extend(&self.payload);
        writer.write_all(&bytes).await?;
        writer.flush().await
    }
}

/// As many bytes as `name` says.
async fn part(
    reader: &mut (impl AsyncBufRead + Unpin),
    head: &Map<String, Value>,
    name: &str,
) -> Result<Vec<u8>, EventError> {
    let length = match head.get(name) {
        None | Some(Value::Null) => 0,
        Some(length) => length
            .as_u64()
            .filter(|length| *length <= LONGEST_PART)
            .ok_or_else(|| EventError::Damaged(format!("{name} is {length}")))?,
    };
    let mut bytes = Vec::new();
    let mut limited = (&mut *reader).take(length);
    limited.read_to_end(&mut bytes).await?;
    if bytes.len() as u64 != length {
        return Err(EventError::Damaged("it ends too early".into()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_come_back_as_they_were_written() {
        let mut event = Event::new("audio-chunk", json!({ "rate": 24000, "text": "größer" }));
        event.payload = vec![1, 2, 3, b'\n'];
        let mut bytes = Vec::new();
        event.write(&mut bytes).await.unwrap();
        let mut reader = &bytes[..];
        assert_eq!(Event::read(&mut reader).await.unwrap(), Some(event));
        assert_eq!(Event::read(&mut reader).await.unwrap(), None);
    }

    #[tokio::test]
    async fn data_may_stand_in_the_line() {
        let mut line = &b"{\"type\":\"synthesize\",\"data\":{\"text\":\"Hi.\"}}\n"[..];
        let event = Event::read(&mut line).await.unwrap().unwrap();
        assert_eq!(event.text("text"), Some("Hi."));
    }

    #[tokio::test]
    async fn damaged_events_are_told() {
        for bytes in [
            &b"{\"type\":\"ping\"}"[..],
            b"hello\n",
            b"[]\n",
            b"{}\n",
            b"{\"type\":7}\n",
            b"{\"type\":\"a\",\"data_length\":5}\n{}",
            b"{\"type\":\"a\",\"data_length\":2}\n[]",
            b"{\"type\":\"a\",\"payload_length\":-1}\n",
            b"{\"type\":\"a\",\"payload_length\":99999999999}\n",
        ] {
            let mut reader = bytes;
            let read = Event::read(&mut reader).await;
            let text = String::from_utf8_lossy(bytes);
            assert!(
                matches!(read, Err(EventError::Damaged(_))),
                "{text}: {read:?}"
            );
        }
    }
}
