//! Why a voice cannot be found or made.

use std::path::PathBuf;

use filetype::Foreign;

use super::NO_VOICE;

/// Why a voice cannot be found, named or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceProblem {
    /// Nothing but spaces.
    #[error("the voice has an empty name: give a voice of the bundle, a file or a location")]
    EmptyName,
    /// Neither a file nor a known name.
    #[error(
        "no voice {name}: neither a file, nor a voice of the bundle, nor a predefined one{nearest} \
         (`pocket-onnx voice list` shows them)"
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// A similar name, if there is one.
        nearest: String,
    },
    /// A predefined voice of other models.
    #[error(
        "the predefined voice {name} works with the released models only, and this bundle is of a \
         custom model{has}: give a voice file or a recording, or convert a released model with \
         `pocket-onnx convert --variant english --voices {name}`"
    )]
    OtherModel {
        /// What was asked for.
        name: String,
        /// Those that the model has.
        has: String,
    },
    /// The bundle has no voice, and its model no predefined one.
    #[error("{NO_VOICE}: {way}")]
    None {
        /// The way out.
        way: &'static str,
    },
    /// The manifest does not list it.
    #[error("the bundle has no voice {name}")]
    NotInBundle {
        /// What was asked for.
        name: String,
    },
    /// A voice of a model that is not part of this program.
    #[error("the program includes no voice {name}")]
    NotIncluded {
        /// What was asked for.
        name: String,
    },
    /// A recording, where a voice file is needed.
    #[error(
        "the voice {name} is a recording in the program: `pocket-onnx voice export` makes a voice file from it"
    )]
    Included {
        /// What was asked for.
        name: PathBuf,
    },
    /// A bundle without the component that has voices.
    #[error("the bundle {bundle} has no flow_lm")]
    NoFlowLm {
        /// Its folder.
        bundle: PathBuf,
    },
    /// A file of another kind.
    #[error("{name} {foreign}")]
    Foreign {
        /// The file.
        name: PathBuf,
        /// What it is.
        foreign: Foreign,
    },
    /// A pipe that does not end.
    #[error("{name} sends more than {megabytes} MB: save it to a file, and give the file")]
    LongPipe {
        /// The pipe.
        name: PathBuf,
        /// What is read at most.
        megabytes: u64,
    },
    /// A name that cannot be part of a file's.
    #[error("{name:?} cannot name a voice: letters, digits, _ and - only, at most {longest}")]
    Name {
        /// The name.
        name: String,
        /// Letters at most.
        longest: usize,
    },
    /// Two voices of one bundle.
    #[error("two voices are named {name}: rename one of them with NAME={from}")]
    Twice {
        /// Their name.
        name: String,
        /// Where the second is from.
        from: String,
    },
    /// Two voices whose files are one on systems that ignore case.
    #[error(
        "the bundle has a voice {other}, whose file {name} would replace on some systems: choose another \
         name with --name"
    )]
    OtherCase {
        /// The new name.
        name: String,
        /// The one in the bundle.
        other: String,
    },
    /// A name that a conversion uses.
    #[error(
        "{name} is one of {variant}'s own voices, which the next conversion would restore: choose another name with --name"
    )]
    Own {
        /// The name.
        name: String,
        /// The model.
        variant: String,
    },
    /// Voices for a bundle that cannot have any.
    #[error("voices need flow_lm: leave out --voices, or --components")]
    NeedFlowLm,
    /// A recording for a bundle that cannot use it.
    #[error(
        "{from} is a recording: making a voice from it needs mimi_encoder, which is not among the components"
    )]
    NeedEncoder {
        /// The recording.
        from: String,
    },
    /// Predefined voices for a custom model.
    #[error(
        "--voices {typed}: the predefined voices work with the released models only, and this bundle \
         is of a custom model: give voice files or recordings"
    )]
    NoPredefined {
        /// `default` or `all`.
        typed: String,
    },
}
