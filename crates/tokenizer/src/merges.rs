//! Byte pair encoding: adjacent symbols that form a piece are merged, the best pair first, until no
//! pair is left.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// A character, or the result of merges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbol<T> {
    /// Its id for the vocabulary.
    pub(crate) piece: T,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
}

/// A symbol among its neighbours.
struct SymbolNode<T> {
    symbol: Symbol<T>,
    previous: Option<usize>,
    next: Option<usize>,
    /// Merged into the previous one.
    gone: bool,
}

/// A possible merge; the smallest is done first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct MergePair<R> {
    rank: R,
    left: usize,
    /// The boundary and the end of the pair when it was found: if its symbols have grown since, the
    /// entry is outdated.
    middle: usize,
    end: usize,
}

/// Merges adjacent symbols. `join` returns the rank of a pair (the lowest is best) and its result;
/// of equal pairs the leftmost is taken.
pub(crate) fn merge<T: Copy, R: Copy + Ord>(
    symbols: Vec<Symbol<T>>,
    mut join: impl FnMut(&Symbol<T>, &Symbol<T>) -> Option<(R, T)>,
) -> Vec<Symbol<T>> {
    let count = symbols.len();
    let node = |(at, symbol): (usize, Symbol<T>)| SymbolNode {
        symbol,
        previous: at.checked_sub(1),
        next: Some(at + 1).filter(|&next| next < count),
        gone: false,
    };
    let mut nodes: Vec<SymbolNode<T>> = symbols.into_iter().enumerate().map(node).collect();
    let mut pairs = BinaryHeap::new();
    let mut find = |nodes: &[SymbolNode<T>], left: usize, right: usize| {
        let (left_symbol, right_symbol) = (&nodes[left].symbol, &nodes[right].symbol);
        let (rank, piece) = join(left_symbol, right_symbol)?;
        let pair = MergePair {
            rank,
            left,
            middle: left_symbol.range.end,
            end: right_symbol.range.end,
        };
        Some((Reverse(pair), piece))
    };
    // The result of a pair is looked up again when the pair is merged, which keeps the heap small.
    for right in 1..count {
        pairs.extend(find(&nodes, right - 1, right).map(|(pair, _)| pair));
    }
    while let Some(Reverse(pair)) = pairs.pop() {
        let left = pair.left;
        let Some(right) = nodes[left].next.filter(|_| !nodes[left].gone) else {
            continue;
        };
        if nodes[left].symbol.range.end != pair.middle || nodes[right].symbol.range.end != pair.end
        {
            continue;
        }
        let Some((_, piece)) = find(&nodes, left, right) else {
            continue;
        };
        let next = nodes[right].next;
        nodes[right].gone = true;
        let joined = &mut nodes[left];
        joined.symbol.piece = piece;
        joined.symbol.range.end = pair.end;
        joined.next = next;
        if let Some(next) = next {
            nodes[next].previous = Some(left);
        }
        if let Some(previous) = nodes[left].previous {
            pairs.extend(find(&nodes, previous, left).map(|(pair, _)| pair));
        }
        if let Some(next) = next {
            pairs.extend(find(&nodes, left, next).map(|(pair, _)| pair));
        }
    }
    let left = nodes.into_iter().filter(|node| !node.gone);
    left.map(|node| node.symbol).collect()
}
