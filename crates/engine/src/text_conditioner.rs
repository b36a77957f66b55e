//! Counterpart of pocket-tts `modules/text_conditioner.py`: the lookup table.

use bundle::DType;
use config::FlowLmConfig;

use crate::EngineError;
use crate::context::Context;
use crate::interface::{Input, Size};
use crate::linear::Linear;
use crate::loader::{Loader, PackedTable};
use crate::module::{Inputs, Module, NamedTensors, tensor};

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
            // One row a piece and one for padding.
            embed: m.child("embed").table("weight", table.n_bins + 1, width)?,
            proj: proj.transpose()?,
            dim: table.dim,
        })
    }
}

impl Module for LutConditioner {
    type State = ();

    fn inputs(&self) -> Vec<Input> {
        vec![Input {
            name: "token_ids",
            dtype: DType::I64,
            shape: vec![Size::Fixed(1), Size::Free("tokens")],
        }]
    }

    fn start(&self) {}

    /// `token_ids` [1, T] -> `embeddings` [1, T, D].
    fn run(
        &self,
        ctx: &mut Context,
        (): &mut (),
        _: i64,
        inputs: &Inputs<'_>,
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
