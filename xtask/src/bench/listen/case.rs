//! What is listened to.

/// One row of the table.
#[derive(Debug)]
pub(super) struct ListenCase {
    /// Its name.
    pub(super) name: &'static str,
    pub(super) speaks: Speaks,
    /// How often each sentence is spoken, with another seed each time. Few are enough where latents
    /// are those of f32, or where the format is clearly worse; many are needed where speech diverges.
    pub(super) seeds: u64,
}

/// What speaks.
#[derive(Debug)]
pub(super) enum Speaks {
    /// A bundle: its `--dtype`, none of the defaults, and what runs it.
    Bundle {
        formats: &'static [&'static str],
        backend: &'static str,
    },
    /// pocket-tts.
    Original,
    /// The model's teacher.
    Teacher,
}

const fn bundle(
    name: &'static str,
    formats: &'static [&'static str],
    backend: &'static str,
    seeds: u64,
) -> ListenCase {
    let speaks = Speaks::Bundle { formats, backend };
    ListenCase {
        name,
        speaks,
        seeds,
    }
}

const ENGINE: &str = "engine";

/// All rows. Those of one component have all others in f32.
pub(super) const LISTEN_CASES: [ListenCase; 23] = [
    bundle("f32", &["f32"], ENGINE, 8),
    ListenCase {
        name: "pocket-tts",
        speaks: Speaks::Original,
        seeds: 8,
    },
    ListenCase {
        name: "teacher",
        speaks: Speaks::Teacher,
        seeds: 1,
    },
    bundle("default", &[], ENGINE, 4),
    bundle("mimi_decoder=q16", &["f32", "mimi_decoder=q16"], ENGINE, 1),
    bundle(
        "mimi_decoder=q16+q8",
        &["f32", "mimi_decoder=q16+q8"],
        ENGINE,
        4,
    ),
    bundle("mimi_decoder=q8", &["f32", "mimi_decoder=q8"], ENGINE, 1),
    bundle("mimi_decoder=q6", &["f32", "mimi_decoder=q6"], ENGINE, 1),
    bundle("mimi_decoder=q4", &["f32", "mimi_decoder=q4"], ENGINE, 1),
    bundle("flow_lm=q8", &["f32", "flow_lm=q8"], ENGINE, 4),
    bundle("flow_lm=q6", &["f32", "flow_lm=q6"], ENGINE, 4),
    bundle("flow_lm=q4", &["f32", "flow_lm=q4"], ENGINE, 2),
    bundle("mimi_encoder=q8", &["f32", "mimi_encoder=q8"], ENGINE, 4),
    bundle("mimi_encoder=q4", &["f32", "mimi_encoder=q4"], ENGINE, 1),
    bundle("bf16", &["bf16"], ENGINE, 1),
    bundle("q16", &["q16"], ENGINE, 1),
    bundle("q8", &["q8"], ENGINE, 4),
    bundle("q6", &["q6"], ENGINE, 2),
    bundle("q4", &["q4"], ENGINE, 1),
    bundle("f32 (ONNX Runtime)", &["f32"], "ONNX Runtime", 1),
    bundle("f32 (rten)", &["f32"], "rten", 1),
    bundle("default (ONNX Runtime)", &[], "ONNX Runtime", 1),
    // rten cannot run the default: its codec has 16 bits.
    bundle("q8 (rten)", &["q8"], "rten", 1),
];
