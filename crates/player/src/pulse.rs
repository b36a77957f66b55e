//! Linux's sound servers: `PulseAudio`, and `PipeWire` in its place.

use std::error::Error;
use std::ffi::CString;
use std::future::poll_fn;
use std::iter::successors;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::future::{Either, select};
use pulseaudio::protocol::stream::BufferAttr;
use pulseaudio::protocol::{
    ChannelMap, ChannelVolume, DEFAULT_SINK, PlaybackStreamParams, SampleFormat, SampleSpec,
};
use pulseaudio::{Client, ClientError, PlaybackSource, PlaybackStream};

use crate::PlayerError;
use crate::queue::Queue;

/// Bytes of a sample.
const WIDTH: usize = size_of::<f32>();
/// The server holds so much of a second's sound, and begins with so much. Its own choice would delay
/// the first sound by two seconds; with less, there are gaps on a busy machine.
const HELD: u32 = 2;
const FIRST: u32 = 5;

/// A connection to the server.
pub(crate) struct Server(Client);

/// Sound that is being played. Dropping it throws away what the server holds.
pub(crate) struct Stream {
    stream: PlaybackStream,
    _client: Client,
}

/// The end of the queue at which the server takes samples.
struct Source(Arc<Queue>);

impl Server {
    pub(crate) fn connect(program: &str) -> Result<Self, PlayerError> {
        let name = CString::new(program).unwrap_or_default();
        let client = Client::from_env(name).map_err(|error| {
            let reason = match &error {
                ClientError::ServerUnavailable => "it has no socket here".to_owned(),
                error => causes(error),
            };
            PlayerError::NoServer { reason }
        })?;
        Ok(Self(client))
    }

    pub(crate) fn play(self, sample_rate: u32, queue: Arc<Queue>) -> Result<Stream, PlayerError> {
        let bytes = sample_rate * WIDTH as u32;
        let whole = |bytes: u32| bytes / WIDTH as u32 * WIDTH as u32;
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
        let stream = block_on(self.0.create_playback_stream(params, Source(queue)));
        let stream = stream.map_err(|error| PlayerError::Refused {
            sample_rate,
            reason: causes(&error),
        })?;
        Ok(Stream {
            stream,
            _client: self.0,
        })
    }
}

impl Stream {
    /// Waits until the closed queue has been played, or is stopped.
    pub(crate) fn drain(&self, queue: &Queue) -> Result<(), PlayerError> {
        let played = pin!(self.stream.play_all());
        let stopped = pin!(poll_fn(|context| queue.poll_stopped(context)));
        match block_on(select(stopped, played)) {
            Either::Left(_) | Either::Right((Ok(()), _)) => Ok(()),
            Either::Right((Err(error), _)) => Err(PlayerError::Gone {
                reason: causes(&error),
            }),
        }
    }
}

impl PlaybackSource for Source {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<usize> {
        let (slots, _) = buffer.as_chunks_mut::<WIDTH>();
        let most = slots.len();
        let put = |at: usize, sample: f32| slots[at] = sample.to_le_bytes();
        self.0
            .poll_take(context, most, put)
            .map(|count| count * WIDTH)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // The connection drops it when the server ends; later it does not matter.
        self.0.lose(PlayerError::Gone {
            reason: "the sound server has ended".into(),
        });
    }
}

/// An error and what caused it.
fn causes(error: &ClientError) -> String {
    let errors = successors(Some(error as &dyn Error), |&error| error.source());
    errors
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
