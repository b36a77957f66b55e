use tensor::Tensor;

use super::{Case, f, i, one};

/// Shapes, pieces, and what is made from them.
pub(crate) fn shapes() -> Vec<Case> {
    [arranged(), pieces(), made()]
        .into_iter()
        .flatten()
        .collect()
}

fn x() -> Tensor {
    f([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
}

fn nothing() -> Tensor {
    f([0, 3], &[])
}

fn arranged() -> Vec<Case> {
    vec![
        one(
            "reshape",
            [x()],
            f([3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            |m, x| vec![m.reshape(&x[0], &[-1, 2])],
        ),
        one(
            "reshape, one size kept",
            [x()],
            f([2, 1, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            |m, x| vec![m.reshape(&x[0], &[0, 1, -1])],
        ),
        one(
            "reshape of nothing",
            [f([0, 6], &[])],
            f([0, 2, 3], &[]),
            |m, x| vec![m.reshape(&x[0], &[-1, 2, 3])],
        ),
        one(
            "reshape by",
            [x(), i([1], &[6])],
            f([6], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            |m, x| vec![m.reshape_by(&x[0], &x[1])],
        ),
        one(
            "transpose",
            [x()],
            f([3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
            |m, x| vec![m.transpose(&x[0], &[1, 0])],
        ),
        one(
            "concat",
            [x(), f([2, 1], &[7.0, 8.0])],
            f([2, 4], &[1.0, 2.0, 3.0, 7.0, 4.0, 5.0, 6.0, 8.0]),
            |m, x| vec![m.concat(&[&x[0], &x[1]], 1)],
        ),
        one("concat with nothing", [nothing(), x()], x(), |m, x| {
            vec![m.concat(&[&x[0], &x[1]], 0)]
        }),
        one(
            "concat of nothing",
            [nothing(), nothing()],
            nothing(),
            |m, x| vec![m.concat(&[&x[0], &x[1]], 0)],
        ),
    ]
}

fn pieces() -> Vec<Case> {
    let mut cases = vec![
        one("slice", [x()], f([2, 1], &[2.0, 5.0]), |m, x| {
            vec![m.slice(&x[0], 1, 2, 1)]
        }),
        one(
            "slice from the end",
            [x()],
            f([2, 2], &[2.0, 3.0, 5.0, 6.0]),
            |m, x| vec![m.slice(&x[0], -2, i64::MAX, 1)],
        ),
        one("slice beyond the front", [x()], x(), |m, x| {
            vec![m.slice(&x[0], -9, i64::MAX, 0)]
        }),
        one(
            "slice to before the end",
            [x()],
            f([1, 3], &[1.0, 2.0, 3.0]),
            |m, x| vec![m.slice(&x[0], 0, -1, 0)],
        ),
        one("slice behind the end", [x()], nothing(), |m, x| {
            vec![m.slice(&x[0], i64::MAX, i64::MAX, 0)]
        }),
        one(
            "slice by",
            [x(), i([1], &[1]), i([1], &[2])],
            f([1, 3], &[4.0, 5.0, 6.0]),
            |m, x| vec![m.slice_by(&x[0], &x[1], &x[2], 0)],
        ),
    ];
    cases.push(Case {
        outputs: vec![f([2, 1], &[1.0, 4.0]), f([2, 2], &[2.0, 3.0, 5.0, 6.0])],
        ..one("split", [x()], x(), |m, x| m.split(&x[0], &[1, 2], 1))
    });
    cases.push(Case {
        outputs: vec![f([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), f([2, 0], &[])],
        ..one("split by", [x(), i([2], &[3, 0])], x(), |m, x| {
            m.split_by(&x[0], &x[1], 2, -1)
        })
    });
    cases.push(Case {
        outputs: vec![f([0, 2], &[]), f([0, 1], &[])],
        ..one("split of nothing", [nothing()], x(), |m, x| {
            m.split(&x[0], &[2, 1], -1)
        })
    });
    cases
}

fn made() -> Vec<Case> {
    vec![
        one(
            "gather rows",
            [x(), i([3], &[1, 0, 1])],
            f([3, 3], &[4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            |m, x| vec![m.gather(&x[0], &x[1], 0)],
        ),
        one(
            "gather columns",
            [x()],
            f([2, 2], &[3.0, 1.0, 6.0, 4.0]),
            |m, x| vec![m.gather(&x[0], &m.ints(&[2, 0]), -1)],
        ),
        one("gather nothing", [x(), i([0], &[])], nothing(), |m, x| {
            vec![m.gather(&x[0], &x[1], 0)]
        }),
        one(
            "expand",
            [f([2, 1], &[1.0, 2.0]), i([2], &[2, 3])],
            f([2, 3], &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]),
            |m, x| vec![m.expand(&x[0], &x[1])],
        ),
        one(
            "squeeze",
            [f([1, 2, 1], &[1.0, 2.0])],
            f([2], &[1.0, 2.0]),
            |m, x| vec![m.squeeze(&x[0], &[0, 2])],
        ),
        one(
            "unsqueeze",
            [f([2], &[1.0, 2.0])],
            f([1, 2, 1], &[1.0, 2.0]),
            |m, x| vec![m.unsqueeze(&x[0], &[0, -1])],
        ),
        one("size", [x()], i([1], &[3]), |m, x| vec![m.size(&x[0], 1)]),
        one("size of nothing", [nothing()], i([1], &[0]), |m, x| {
            vec![m.size(&x[0], 0)]
        }),
        one(
            "range",
            [i([1], &[3]), i([1], &[6])],
            i([3], &[3, 4, 5]),
            |m, x| vec![m.range(&x[0], &x[1])],
        ),
        one(
            "range of nothing",
            [i([1], &[3]), i([1], &[3])],
            i([0], &[]),
            |m, x| vec![m.range(&x[0], &x[1])],
        ),
        one("zeros", [i([2], &[2, 3])], f([2, 3], &[0.0; 6]), |m, x| {
            vec![m.zeros(&x[0])]
        }),
        one("no zeros", [i([2], &[0, 3])], nothing(), |m, x| {
            vec![m.zeros(&x[0])]
        }),
    ]
}
