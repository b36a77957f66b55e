//! Why nothing is played.

/// Why nothing is played.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlayerError {
    /// Neither `PulseAudio` nor `PipeWire` answers.
    #[error(
        "no sound server answers ({reason}): start PulseAudio or PipeWire (with pipewire-pulse), or name its \
         socket in PULSE_SERVER=unix:PATH"
    )]
    NoServer {
        /// What went wrong.
        reason: String,
    },
    /// The system has no device for sound.
    #[error("there is no sound device: {reason}")]
    NoDevice {
        /// What the system said.
        reason: String,
    },
    /// The device does not take such sound.
    #[error("the sound device does not play {sample_rate} samples a second: {reason}")]
    Refused {
        /// Samples per second.
        sample_rate: u32,
        /// What the device said.
        reason: String,
    },
    /// The device was unplugged, or its server ended.
    #[error("the sound device has gone: {reason}")]
    Gone {
        /// What the device said.
        reason: String,
    },
}
