//! Why nothing is played.

use std::error::Error;
use std::sync::Arc;

/// Why nothing is played. Causes are shared: both ends of a player hear of the same fault.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlayerError {
    /// Neither `PulseAudio` nor `PipeWire` answers.
    #[error(
        "no sound server answers: start PulseAudio or PipeWire (with pipewire-pulse), or name its socket in \
         PULSE_SERVER=unix:PATH"
    )]
    NoServer {
        /// What went wrong.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The system names no device for sound.
    #[error("there is no sound device: connect one, or choose one in the system's settings")]
    NoDevice,
    /// The system's device cannot be asked what it plays.
    #[error("the sound device does not answer")]
    NoAnswer {
        /// What the system said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The device does not take such sound.
    #[error("the sound device does not play {sample_rate} samples a second")]
    Refused {
        /// Samples per second.
        sample_rate: u32,
        /// What the device said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The device was unplugged, or its server fails.
    #[error("the sound device has gone")]
    Gone {
        /// What the device said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The sound server closed its connection.
    #[error("the sound server has ended: start it again")]
    ServerEnded,
}
