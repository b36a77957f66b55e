//! Counterpart of `modules/text_conditioner.py` in pocket-tts: the lookup table.

use bundle::names;
use config::Config;
use onnx::Graph;
use tensor::{DType, Dim};

/// The batch, and whatever else has one element.
const ONE: Dim = Dim::Fixed(1);

/// Counterpart of `LUTConditioner` in pocket-tts: `token_ids` i64 [1, T] -> `embeddings` [1, T, D].
pub(crate) fn text_conditioner(g: &Graph, config: &Config) {
    let m = g.scope("flow_lm.conditioner");
    let time = || Dim::from("T");
    let tokens = g.input(names::TOKEN_IDS, DType::I64, &[ONE, time()]);
    let embed = m.child("embed");
    let mut x = embed.lookup("weight", &embed.squeeze(&tokens, &[0]));
    let proj = m.child("proj");
    if proj.has_parameter("weight") {
        x = proj.linear(&x);
    }
    let dim = Dim::Fixed(config.flow_lm.lookup_table.dim);
    g.output(
        names::EMBEDDINGS,
        &m.unsqueeze(&x, &[0]),
        DType::F32,
        &[ONE, time(), dim],
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::states::States;
    use crate::testing::reference::RefWeights;
    use crate::testing::{
        FIXTURES, GraphTrial, RecordFile, TestParameters, assert_none, fixture, nodes, reference,
        widened,
    };

    fn build(config: &Config) -> impl Fn(&Graph, &States<'_>) {
        |g, _| text_conditioner(g, config)
    }

    fn ids(values: &[i64]) -> tensor::Tensor {
        tensor::Tensor::i64([1, values.len()], values.to_vec()).unwrap()
    }

    #[test]
    fn snapshot() {
        let config = fixture("tiny_2m");
        insta::assert_snapshot!(nodes(&TestParameters::of(&config), build(&config)), @"
        flow_lm.conditioner.embed/Squeeze: Squeeze(token_ids, i64 [0])
        flow_lm.conditioner.embed/Gather: Gather(flow_lm.conditioner.embed.weight, flow_lm.conditioner.embed/Squeeze) {axis=0}
        flow_lm.conditioner.proj: MatMul(flow_lm.conditioner.embed/Gather, flow_lm.conditioner.proj.weight)
        flow_lm.conditioner/Unsqueeze: Unsqueeze(flow_lm.conditioner.proj, i64 [0]) -> embeddings
        ");
        let config = fixture("tiny_english");
        insta::assert_snapshot!(nodes(&TestParameters::of(&config), build(&config)), @"
        flow_lm.conditioner.embed/Squeeze: Squeeze(token_ids, i64 [0])
        flow_lm.conditioner.embed/Gather: Gather(flow_lm.conditioner.embed.weight, flow_lm.conditioner.embed/Squeeze) {axis=0}
        flow_lm.conditioner/Unsqueeze: Unsqueeze(flow_lm.conditioner.embed/Gather, i64 [0]) -> embeddings
        ");
    }

    #[test]
    fn tokens_are_looked_up() {
        let mut problems = Vec::new();
        for rank in [None, Some(3)] {
            let mut config = fixture("tiny_english");
            let table = &mut config.flow_lm.lookup_table;
            (table.n_bins, table.rank) = (10, rank);
            let width = table.dim;
            let parameters = TestParameters::of(&config);
            let mut trial = GraphTrial::new(&parameters, build(&config));
            let table = parameters.get("flow_lm.conditioner.embed.weight");
            let table = reference::rows(table, rank.unwrap_or(width));
            // The last row is for padding.
            for tokens in [&[0][..], &[10, 3, 3, 9], &[]] {
                let mut x: reference::RefRows =
                    tokens.iter().map(|&t| table[t as usize].clone()).collect();
                if rank.is_some() {
                    x = reference::linear(&parameters, "flow_lm.conditioner.proj", &x);
                }
                let found = trial.call(
                    &[("token_ids", &ids(tokens))],
                    &[(
                        "embeddings",
                        &[1, tokens.len(), width],
                        &reference::flat(&x),
                    )],
                );
                let case = format!("rank {rank:?}, {tokens:?}");
                problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
            }
        }
        assert_none(&problems);
    }

    #[test]
    fn as_recorded() {
        let mut problems = Vec::new();
        for name in FIXTURES {
            let record = RecordFile::open(name, "text");
            let mut trial = GraphTrial::new(&TestParameters::fixture(name), build(&fixture(name)));
            let (_, tokens) = record.i64s("token_ids");
            let (shape, embeddings) = record.f32s("embeddings");
            let found = trial.call(
                &[("token_ids", &ids(&tokens))],
                &[("embeddings", &shape, &widened(&embeddings))],
            );
            problems.extend(found.into_iter().map(|p| format!("{name}: {p}")));
        }
        assert_none(&problems);
    }
}
