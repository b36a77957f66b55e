//! Notices about a recording: reasons why the voice may be poor, or another one.

use std::fmt;

/// Something that may make a poor voice, or a part of the recording that is not used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RecordingNotice {
    /// The model has learned its own voices only.
    OwnVoices,
    /// Only the beginning is used.
    Long {
        /// Seconds that are used.
        seconds: u32,
    },
    /// Too short to learn a voice from.
    Short {
        /// Seconds of the recording.
        seconds: f64,
    },
    /// Long, but nearly all of it silent.
    LittleSound {
        /// Seconds of sound.
        sound: f64,
        /// Seconds of the recording.
        seconds: f64,
    },
    /// Very soft.
    Quiet {
        /// How far the loudest sample is below full scale.
        decibels: f32,
    },
    /// Louder than the recorder could handle.
    Clipped {
        /// Share of clipped samples.
        share: f64,
    },
    /// Samples outside the range -1 to 1.
    Scale {
        /// The largest magnitude.
        peak: f32,
    },
    /// Samples centred on another value than zero.
    Offset {
        /// That value.
        value: f64,
    },
    /// Channels that nearly cancel each other out.
    ChannelsCancel {
        /// Remaining share of their level.
        kept: f32,
    },
}

impl RecordingNotice {
    /// A short name, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OwnVoices => "own-voices",
            Self::Long { .. } => "long-recording",
            Self::Short { .. } => "short-recording",
            Self::LittleSound { .. } => "silent-recording",
            Self::Quiet { .. } => "quiet-recording",
            Self::Clipped { .. } => "clipped-recording",
            Self::Scale { .. } => "recording-scale",
            Self::Offset { .. } => "recording-offset",
            Self::ChannelsCancel { .. } => "recording-channels",
        }
    }
}

impl fmt::Display for RecordingNotice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnVoices => out.write_str(
                "this model has learned its own voices only: whatever the recording, it speaks in one of them, or a \
                 mixture of them; Kyutai's models speak in the recording's voice",
            ),
            Self::Long { seconds } => {
                write!(
                    out,
                    "only the first {seconds} seconds of the recording are used"
                )
            }
            Self::Short { seconds } => {
                out.write_str("the recording is ")?;
                match seconds * 1000.0 {
                    ms if ms < 1.0 => out.write_str("less than a millisecond long")?,
                    ms if ms < 1000.0 => write!(out, "only {ms:.0} milliseconds long")?,
                    _ => write!(out, "only {seconds:.1} seconds long")?,
                }
                out.write_str(": a good voice needs 5 to 30 seconds of speech")
            }
            Self::LittleSound { sound, seconds } => write!(
                out,
                "only {sound:.1} of the recording's {seconds:.0} seconds are sound: a good voice needs 5 to 30 \
                 seconds of speech"
            ),
            Self::Quiet { decibels } => write!(
                out,
                "the recording is very quiet (its loudest sound is {decibels:.0} dB below full scale): record \
                 again, closer to the microphone"
            ),
            Self::Clipped { share } => write!(
                out,
                "{:.1} % of the recording's samples are cut off at full scale: record again, at a lower level",
                share * 100.0
            ),
            Self::Scale { peak } => write!(
                out,
                "the recording's samples reach {peak:.0} times full scale: floating-point samples should be in \
                 the range -1 to 1: divide 16-bit integers by 32768"
            ),
            Self::Offset { value } => write!(
                out,
                "the recording's samples are centred on {value:.2} instead of zero: the microphone or its plug may \
                 be faulty"
            ),
            Self::ChannelsCancel { kept } => write!(
                out,
                "the recording's channels nearly cancel each other out ({:.0} % is left of them): give one \
                 channel only",
                kept * 100.0
            ),
        }
    }
}
