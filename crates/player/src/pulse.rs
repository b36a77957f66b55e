//! Linux's sound servers: `PulseAudio`, and `PipeWire` in its place.

use std::ffi::CString;
use std::fs;
use std::future::poll_fn;
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::future::{Either, select};
use pulseaudio::protocol::stream::BufferAttr;
use pulseaudio::protocol::{
    ChannelMap, ChannelVolume, DEFAULT_SINK, PlaybackStreamParams, SampleFormat, SampleSpec,
};
use pulseaudio::{
    Client, ClientError, PlaybackSource, PlaybackStream, cookie_path_from_env, socket_path_from_env,
};

use crate::PlayerError;
use crate::queue::SampleQueue;

/// Bytes of a sample.
const SAMPLE_BYTES: usize = size_of::<f32>();
/// The server holds so much of a second's sound, and begins with so much. Its own choice would delay
/// the first sound by two seconds; with less, there are gaps on a busy machine.
const HELD: u32 = 2;
const FIRST: u32 = 5;

/// Bytes of the cookie by which a server knows its user.
const COOKIE_BYTES: usize = 256;

/// A connection to the server.
pub(crate) struct PulseServer(Client);

/// Sound that is being played. Dropping it throws away what the server holds.
pub(crate) struct PulseStream {
    stream: PlaybackStream,
    _client: Client,
}

/// The end of the queue at which the server takes samples.
struct QueueSource(Arc<SampleQueue>);

impl PulseServer {
    pub(crate) fn connect(program: &str) -> Result<Self, PlayerError> {
        let client = client(program).map_err(|error| PlayerError::NoServer {
            source: Arc::new(error),
        })?;
        Ok(Self(client))
    }

    pub(crate) fn play(
        self,
        sample_rate: u32,
        queue: Arc<SampleQueue>,
    ) -> Result<PulseStream, PlayerError> {
        let bytes = sample_rate * SAMPLE_BYTES as u32;
        let whole = |bytes: u32| bytes / SAMPLE_BYTES as u32 * SAMPLE_BYTES as u32;
        let params = PlaybackStreamParams {
            sample_spec: SampleSpec {
                format: SampleFormat::Float32Le,
                channels: 1,
                sample_rate,
            },
            channel_map: ChannelMap::mono(),
            cvolume: Some(ChannelVolume::norm(1)),
            sink_name: Some(DEFAULT_SINK.to_owned()),
            buffer_attr: BufferAttr {
                target_length: whole(bytes / HELD),
                pre_buffering: whole(bytes / FIRST),
                ..BufferAttr::default()
            },
            ..PlaybackStreamParams::default()
        };
        let stream = block_on(self.0.create_playback_stream(params, QueueSource(queue)));
        let stream = stream.map_err(|error| PlayerError::Refused {
            sample_rate,
            source: Arc::new(error),
        })?;
        Ok(PulseStream {
            stream,
            _client: self.0,
        })
    }
}

/// A client of the server that the environment names.
fn client(program: &str) -> Result<Client, ClientError> {
    let name = CString::new(program).unwrap_or_default();
    let path = socket_path_from_env().ok_or(ClientError::ServerUnavailable)?;
    // A user may have no cookie yet. A server that does not ask for it still refuses one of another length.
    let cookie = cookie_path_from_env().and_then(|path| fs::read(path).ok());
    let cookie = cookie.filter(|cookie| cookie.len() == COOKIE_BYTES);
    let cookie = cookie.unwrap_or_else(|| vec![0; COOKIE_BYTES]);
    Client::new_unix(name, UnixStream::connect(path)?, Some(cookie))
}

impl PulseStream {
    /// Waits until the closed queue has been played, or is stopped.
    pub(crate) fn drain(&self, queue: &SampleQueue) -> Result<(), PlayerError> {
        let played = pin!(self.stream.play_all());
        let stopped = pin!(poll_fn(|context| queue.poll_stopped(context)));
        match block_on(select(stopped, played)) {
            Either::Left(_) | Either::Right((Ok(()), _)) => Ok(()),
            Either::Right((Err(error), _)) => Err(PlayerError::Gone {
                source: Arc::new(error),
            }),
        }
    }
}

impl PlaybackSource for QueueSource {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<usize> {
        let (slots, _) = buffer.as_chunks_mut::<SAMPLE_BYTES>();
        let most = slots.len();
        let put = |at: usize, sample: f32| slots[at] = sample.to_le_bytes();
        self.0
            .poll_take(context, most, put)
            .map(|count| count * SAMPLE_BYTES)
    }
}

impl Drop for QueueSource {
    fn drop(&mut self) {
        // The connection drops it when the server ends; later it does not matter.
        self.0.lose(PlayerError::ServerEnded);
    }
}
