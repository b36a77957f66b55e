//! Plays samples on this machine's sound device while they are made.
//!
//! 1. [`Device::open`] finds the device, so that its absence is reported before any work.
//! 2. [`Device::play`] gives a [`Player`]. [`Player::write`] waits while enough sound is queued
//!    (back-pressure), so that memory is constant and a stop is heard at once.
//! 3. [`Player::finish`] waits until the last sample has been played. A [`PlayerStop`] ends that, and
//!    everything else, from another thread.
//!
//! On Linux this speaks `PulseAudio`'s protocol, which `PipeWire` understands, too: there is nothing to
//! link, and nothing to install before a build. With the feature `alsa`, machines without a sound
//! server play through ALSA. Elsewhere `cpal` plays: Core Audio on macOS, WASAPI on Windows.

#[cfg(any(not(target_os = "linux"), feature = "alsa"))]
mod direct;
mod error;
#[cfg(target_os = "linux")]
mod pulse;
mod queue;

use std::fmt;
use std::sync::Arc;

pub use self::error::PlayerError;
use self::queue::SampleQueue;

/// A sound device that answers.
pub struct Device(Opened);

enum Opened {
    #[cfg(target_os = "linux")]
    Pulse(pulse::PulseServer),
    #[cfg(any(not(target_os = "linux"), feature = "alsa"))]
    Direct(direct::DirectDevice),
}

/// Plays mono samples in order.
pub struct Player {
    queue: Arc<SampleQueue>,
    /// Dropping it ends the sound at once.
    output: Output,
}

enum Output {
    #[cfg(target_os = "linux")]
    Pulse(pulse::PulseStream),
    #[cfg(any(not(target_os = "linux"), feature = "alsa"))]
    Direct(direct::DirectStream),
}

/// Ends a [`Player`]'s work from another thread.
#[derive(Clone, Debug)]
pub struct PlayerStop(Arc<SampleQueue>);

impl Device {
    /// The user's default device. `program` is the name that the system's mixer shows.
    ///
    /// # Errors
    ///
    /// [`PlayerError::NoServer`].
    #[cfg(target_os = "linux")]
    pub fn open(program: &str) -> Result<Self, PlayerError> {
        let server = pulse::PulseServer::connect(program).map(|server| Self(Opened::Pulse(server)));
        #[cfg(feature = "alsa")]
        let server = server.or_else(|error| {
            let device = direct::DirectDevice::open().map(|device| Self(Opened::Direct(device)));
            device.map_err(|_| error)
        });
        server
    }

    /// The user's default device. `program` is the name that the system's mixer shows.
    ///
    /// # Errors
    ///
    /// [`PlayerError::NoDevice`] or [`PlayerError::NoAnswer`].
    #[cfg(not(target_os = "linux"))]
    pub fn open(_program: &str) -> Result<Self, PlayerError> {
        Ok(Self(Opened::Direct(direct::DirectDevice::open()?)))
    }

    /// Begins to play `sample_rate` samples a second.
    ///
    /// # Errors
    ///
    /// [`PlayerError::Refused`].
    pub fn play(self, sample_rate: u32) -> Result<Player, PlayerError> {
        let queue = SampleQueue::new(sample_rate);
        let output = match self.0 {
            #[cfg(target_os = "linux")]
            Opened::Pulse(server) => Output::Pulse(server.play(sample_rate, queue.clone())?),
            #[cfg(any(not(target_os = "linux"), feature = "alsa"))]
            Opened::Direct(device) => Output::Direct(device.play(sample_rate, queue.clone())?),
        };
        Ok(Player { queue, output })
    }
}

impl Player {
    /// Ends this player's work from another thread.
    pub fn stop(&self) -> PlayerStop {
        PlayerStop(self.queue.clone())
    }

    /// Queues samples from -1 to 1, and waits while there are more than half a second of them. After
    /// a [`PlayerStop`] it does nothing.
    ///
    /// # Errors
    ///
    /// [`PlayerError::Gone`] or [`PlayerError::ServerEnded`] once the device has gone.
    pub fn write(&self, samples: &[f32]) -> Result<(), PlayerError> {
        self.queue.push(samples)
    }

    /// Waits until the last sample has been played, or a [`PlayerStop`] comes.
    ///
    /// # Errors
    ///
    /// [`PlayerError::Gone`] or [`PlayerError::ServerEnded`] if the device goes before.
    pub fn finish(self) -> Result<(), PlayerError> {
        self.queue.close();
        match &self.output {
            #[cfg(target_os = "linux")]
            Output::Pulse(stream) => stream.drain(&self.queue),
            #[cfg(any(not(target_os = "linux"), feature = "alsa"))]
            Output::Direct(stream) => stream.drain(&self.queue),
        }
    }
}

impl PlayerStop {
    /// Throws away what waits, and ends all waiting. What the device holds is thrown away when the
    /// player is dropped.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Device").finish_non_exhaustive()
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let player = &mut out.debug_struct("Player");
        player.field("queue", &self.queue).finish_non_exhaustive()
    }
}
