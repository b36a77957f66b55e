//! Where the sound goes: a file or a pipe, the sound device, or both.

mod file;

use std::time::{Duration, Instant};

use anyhow::Result;
use player::Player;
use speaker::SoundChunk;

pub(crate) use self::file::SoundFile;
use crate::interrupt;

/// Takes chunks as they come.
pub(crate) struct Sink {
    file: Option<SoundFile>,
    player: Option<Player>,
    started: Instant,
    /// Time for which the player had enough.
    waited: Duration,
    summary: Summary,
}

/// What was written or played.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) samples: u64,
    /// Largest magnitude.
    pub(crate) peak: f32,
    /// Chunks of text in which no end of speech was found.
    pub(crate) cut: usize,
    pub(crate) interrupted: bool,
    /// From the first call to the last sample, without the time for which the player had enough.
    pub(crate) elapsed: Duration,
}

impl Summary {
    /// Exit code of the program.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.interrupted {
            interrupt::EXIT_CODE
        } else {
            0
        }
    }
}

impl Sink {
    /// Begins to take sound.
    pub(crate) fn begin(file: Option<SoundFile>, player: Option<Player>) -> Self {
        Self {
            file,
            player,
            started: Instant::now(),
            waited: Duration::ZERO,
            summary: Summary::default(),
        }
    }

    /// Writes and plays a chunk, and waits while the player has enough. Returns false once there is
    /// neither a player nor a reader of the file.
    pub(crate) fn write(&mut self, chunk: &SoundChunk) -> Result<bool> {
        let samples = &chunk.samples;
        let is_read = match &mut self.file {
            Some(file) => file.write(samples, chunk.text.as_deref())?,
            None => false,
        };
        if !is_read && self.player.is_none() {
            return Ok(false);
        }
        let summary = &mut self.summary;
        summary.samples += samples.len() as u64;
        summary.peak = samples
            .iter()
            .fold(summary.peak, |peak, s| peak.max(s.abs()));
        summary.cut += usize::from(chunk.cut);
        summary.elapsed = self.started.elapsed().saturating_sub(self.waited);
        if let Some(player) = &self.player {
            let full = Instant::now();
            player.write(samples)?;
            self.waited += full.elapsed();
        }
        Ok(true)
    }

    /// Time for which the player had enough.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Notes that the sound ends here because of an interrupt.
    pub(crate) fn interrupted(&mut self) {
        self.summary.interrupted = true;
    }

    /// Completes the file, and waits until all has been played. An interrupted file plays as far as
    /// it goes; one without any sound is not kept.
    pub(crate) fn finish(self) -> Result<Summary> {
        let nothing = self.summary.samples == 0 && self.summary.interrupted;
        match self.file {
            Some(file) if !(nothing && file.can_seek()) => file.finish()?,
            _ => {}
        }
        match self.player {
            // Dropping the player ends the sound at once.
            Some(player) if !self.summary.interrupted => player.finish()?,
            _ => {}
        }
        Ok(self.summary)
    }
}
