//! Twin of pocket-tts `modules/text_conditioner.py`: the lookup table.

use config::Config;
use onnx::{Dim, ElementType, Graph};

/// Twin of `LUTConditioner`: `token_ids` i64 [1, T] -> `embeddings` [1, T, D].
pub(crate) fn text_conditioner(g: &Graph, config: &Config) {
    let m = g.scope("flow_lm.conditioner");
    let (one, time) = (Dim::Fixed(1), Dim::Symbol("T"));
    let tokens = g.input("token_ids", ElementType::I64, &[one, time]);
    let embed = m.child("embed");
    let mut x = embed.gather(&embed.parameter("weight"), &embed.squeeze(&tokens, &[0]), 0);
    let proj = m.child("proj");
    if proj.has_parameter("weight") {
        x = proj.linear(&x);
    }
    let dim = Dim::Fixed(config.flow_lm.lookup_table.dim);
    g.output(
        "embeddings",
        &m.unsqueeze(&x, &[0]),
        ElementType::F32,
        &[one, time, dim],
    );
}
