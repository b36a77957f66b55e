//! The system's own interface, by `cpal`: Core Audio, WASAPI, ALSA.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use cpal::{BufferSize, ErrorKind, OutputCallbackInfo, StreamConfig};

use crate::PlayerError;
use crate::queue::SampleQueue;

/// The user's default device.
pub(crate) struct DirectDevice {
    device: cpal::Device,
    channels: u16,
}

/// Sound that is being played. Dropping it ends it.
pub(crate) struct DirectStream {
    _stream: cpal::Stream,
    /// Microseconds from taking a sample to hearing it.
    latency: Arc<AtomicU64>,
}

impl DirectDevice {
    pub(crate) fn open() -> Result<Self, PlayerError> {
        let device = cpal::default_host().default_output_device();
        let device = device.ok_or(PlayerError::NoDevice)?;
        let config = device.default_output_config();
        let config = config.map_err(|error| PlayerError::NoAnswer {
            source: Arc::new(error),
        })?;
        Ok(Self {
            channels: config.channels(),
            device,
        })
    }

    pub(crate) fn play(
        self,
        sample_rate: u32,
        queue: Arc<SampleQueue>,
    ) -> Result<DirectStream, PlayerError> {
        let config = StreamConfig {
            channels: self.channels,
            sample_rate,
            buffer_size: BufferSize::Default,
        };
        let channels = usize::from(self.channels);
        let latency = Arc::<AtomicU64>::default();
        let took = {
            let queue = queue.clone();
            let latency = latency.clone();
            move |buffer: &mut [f32], info: &OutputCallbackInfo| {
                take(&queue, buffer, channels);
                let length = buffer.len() as u64 / channels as u64 * 1_000_000;
                let time = info.timestamp();
                let ahead = time.playback.duration_since(time.callback).as_micros() as u64;
                latency.store(ahead + length / u64::from(sample_rate), Ordering::Relaxed);
            }
        };
        let failed = move |error: cpal::Error| match error.kind() {
            ErrorKind::DeviceNotAvailable
            | ErrorKind::HostUnavailable
            | ErrorKind::StreamInvalidated => queue.lose(PlayerError::Gone {
                source: Arc::new(error),
            }),
            // A gap or another route: the sound goes on.
            _ => {}
        };
        let refused = |error: cpal::Error| PlayerError::Refused {
            sample_rate,
            source: Arc::new(error),
        };
        let stream = self.device.build_output_stream(config, took, failed, None);
        let stream = stream.map_err(refused)?;
        stream.play().map_err(refused)?;
        Ok(DirectStream {
            _stream: stream,
            latency,
        })
    }
}

impl DirectStream {
    /// Waits until the closed queue has been played, or is stopped.
    pub(crate) fn drain(&self, queue: &SampleQueue) -> Result<(), PlayerError> {
        if queue.wait_taken()? {
            let latency = self.latency.load(Ordering::Relaxed);
            queue.wait_stopped(Duration::from_micros(latency));
        }
        Ok(())
    }
}

/// Fills all channels of `buffer`: with silence where no samples are ready.
fn take(queue: &SampleQueue, buffer: &mut [f32], channels: usize) {
    let most = buffer.len() / channels;
    let put = |at: usize, sample: f32| buffer[at * channels..][..channels].fill(sample);
    let taken = queue.poll_take(&mut Context::from_waker(Waker::noop()), most, put);
    let count = match taken {
        Poll::Ready(count) => count,
        Poll::Pending => 0,
    };
    buffer[count * channels..].fill(0.0);
}
