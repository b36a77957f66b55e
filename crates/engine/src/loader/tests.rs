//! Parameters that are there, and manifests that are wrong about them.

use super::*;
use crate::testing::TestWeights;
use crate::testing::reference::RefWeights;

fn weights() -> TestWeights {
    let mut weights = TestWeights::new();
    weights.linear("a.linear", 3, 2, true);
    weights.table("a.table", 4, 3);
    weights.vector("b", 5);
    weights
}

#[test]
fn parameters_are_found_by_the_path_of_their_module() {
    let weights = weights();
    let m = weights.loader();
    let a = m.child("a");
    let linear = a.child("linear");
    assert!(linear.has("bias") && !a.has("bias") && m.has("b"));
    assert_eq!(
        linear.vector("bias", 2).unwrap(),
        weights.get("a.linear.bias")
    );
    let matrix = linear.matrix("weight", 3, 2).unwrap();
    let weight = matrix.with_bias(None);
    let unpacked = weight.matrix.unpack(weight.values, weight.scales);
    let expected = weights.get("a.linear.weight");
    let transposed: Vec<f32> = (0..6).map(|i| expected[i % 2 * 3 + i / 2]).collect();
    assert_eq!(unpacked, transposed);
    let table = a.table("table", 4, 3).unwrap();
    let mut row = [0.0; 3];
    table.row(2, &mut row);
    assert_eq!(row.to_vec(), weights.get("a.table")[6..9]);

    // A parameter that no module asked for is refused.
    let extra = EngineError::Extra {
        name: "b".to_owned(),
    };
    assert_eq!(m.finish(), Err(extra));
    m.vector("b", 5).unwrap();
    m.finish().unwrap();
}

#[test]
fn parameters_of_another_kind_or_shape_are_refused() {
    let weights = weights();
    let m = weights.loader();
    let missing = EngineError::Missing {
        name: "c".to_owned(),
    };
    assert_eq!(m.vector("c", 5), Err(missing));
    let refusals = [
        m.vector("b", 4).err(),
        m.vector("a.table", 12).err(),
        m.matrix("b", 5, 1).err(),
        m.matrix("a.linear.weight", 2, 3).err(),
        m.table("a.table", 3, 4).err(),
        m.table("a.linear.weight", 3, 2).err(),
    ];
    for (i, refusal) in refusals.iter().enumerate() {
        let is_shape = matches!(refusal, Some(EngineError::Shape { .. }));
        assert!(is_shape, "{i}: {refusal:?}");
    }
}

#[test]
fn extents_outside_of_the_data_are_refused() {
    let changes: [fn(&mut Parameter); 6] = [
        |p| p.values.offset = u64::MAX,
        |p| p.values.offset += 1 << 20,
        |p| p.values.size = 0,
        |p| p.values.size += 4,
        |p| p.values.size = u64::MAX,
        |p| p.format = weights::WeightFormat::Q8,
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut weights = weights();
        change(&mut weights.parameters()[0]);
        let refusal = weights.loader().matrix("a.linear.weight", 3, 2).err();
        let is_extent = matches!(refusal, Some(EngineError::Extent { .. }));
        assert!(is_extent, "{i}: {refusal:?}");
    }
}
