//! Counterpart of pocket-tts `modules/text_conditioner.py`: the lookup table.

use bundle::DType;
use config::FlowLmConfig;

use crate::EngineError;
use crate::context::Context;
use crate::input::{InputDim, ModuleInput};
use crate::linear::Linear;
use crate::loader::{Loader, PackedTable};
use crate::module::{Module, ModuleCall, NamedTensors, tensor};

/// Counterpart of `LUTConditioner`.
pub(crate) struct LutConditioner {
    embed: PackedTable,
    proj: Option<Linear>,
    dim: usize,
}

impl LutConditioner {
    pub(crate) fn new(m: &Loader<'_>, config: &FlowLmConfig) -> Result<Self, EngineError> {
        let m = m.child("flow_lm.conditioner");
        let table = &config.lookup_table;
        let width = table.rank.unwrap_or(table.dim);
        let proj = (table.rank).map(|rank| Linear::new(&m.child("proj"), rank, table.dim));
        Ok(Self {
            // One row for each token and one for padding.
            embed: m.child("embed").table("weight", table.n_bins + 1, width)?,
            proj: proj.transpose()?,
            dim: table.dim,
        })
    }
}

impl Module for LutConditioner {
    type State = ();

    fn inputs(&self) -> Vec<ModuleInput> {
        vec![ModuleInput {
            name: "token_ids",
            dtype: DType::I64,
            shape: vec![InputDim::Fixed(1), InputDim::Free("tokens")],
        }]
    }

    fn start(&self) {}

    /// `token_ids` [1, T] -> `embeddings` [1, T, D].
    fn run(
        &self,
        ctx: &mut Context,
        ModuleCall { inputs, .. }: ModuleCall<'_, ()>,
    ) -> Result<NamedTensors, EngineError> {
        let tokens = inputs.i64("token_ids");
        let table = self.embed.table;
        let mut x = vec![0.0; tokens.len() * table.width];
        for (&token, out) in tokens.iter().zip(x.chunks_exact_mut(table.width)) {
            let row = usize::try_from(token).ok().filter(|row| *row < table.rows);
            let rows = table.rows;
            self.embed
                .row(row.ok_or(EngineError::Token { token, rows })?, out);
        }
        if let Some(proj) = &self.proj {
            x = proj.forward(ctx, &x);
        }
        let embeddings = tensor(&[1, tokens.len(), self.dim], x)?;
        Ok(vec![("embeddings", embeddings)])
    }
}

#[cfg(test)]
mod tests {
    use tensor::Tensor;

    use super::*;
    use crate::testing::reference::{self, RefWeights, rows};
    use crate::testing::{TestWeights, assert_close, run};

    fn config(rank: Option<usize>) -> FlowLmConfig {
        let mut config = testkit::config("tiny_english").unwrap().flow_lm.clone();
        config.lookup_table.dim = 6;
        config.lookup_table.n_bins = 10;
        config.lookup_table.rank = rank;
        config
    }

    fn tokens(tokens: &[i64]) -> [(&'static str, Tensor); 1] {
        let tensor = Tensor::i64(vec![1, tokens.len()], tokens.to_vec());
        [("token_ids", tensor.unwrap())]
    }

    #[test]
    fn tokens_are_rows_of_the_table() {
        for rank in [None, Some(4)] {
            let width = rank.unwrap_or(6);
            let mut weights = TestWeights::new();
            let table = "flow_lm.conditioner.embed.weight";
            weights.table(table, 11, width);
            if let Some(rank) = rank {
                weights.linear("flow_lm.conditioner.proj", rank, 6, false);
            }
            let m = weights.loader();
            let module = LutConditioner::new(&m, &config(rank)).unwrap();
            m.finish().unwrap();
            let mut ctx = Context::default();
            let outputs = run(&module, &mut ctx, &mut (), 0, &tokens(&[3, 0, 10, 3])).unwrap();
            let all = rows(weights.get(table), width);
            let mut expected = [3, 0, 10, 3].map(|token| all[token].clone()).to_vec();
            if rank.is_some() {
                expected = reference::linear(&weights, "flow_lm.conditioner.proj", &expected);
            }
            assert_close(&outputs["embeddings"], &expected.concat(), "embeddings");

            for token in [-1, 11, i64::MIN, i64::MAX] {
                let error = run(&module, &mut ctx, &mut (), 0, &tokens(&[0, token]));
                assert_eq!(error.err(), Some(EngineError::Token { token, rows: 11 }));
            }
        }
    }
}
