//! Byte pair encoding: neighbours that make a piece are joined, the best pair first, until none
//! does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// A character, or what has been joined so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbol<T> {
    /// What the vocabulary knows it by.
    pub(crate) piece: T,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
}

/// A symbol among its neighbours.
struct Node<T> {
    symbol: Symbol<T>,
    previous: Option<usize>,
    next: Option<usize>,
    /// Joined to the one before.
    gone: bool,
}

/// A pair that could be joined: the smallest is joined first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair<R> {
    rank: R,
    left: usize,
    /// Where the two met and where they ended when they were found: a pair whose symbols have
    /// grown since is no more.
    middle: usize,
    end: usize,
}

/// Joins neighbours. `join` tells the rank of two of them, the smallest is the best, and what
/// they make; of equal pairs the first in the text is taken.
pub(crate) fn merge<T: Copy, R: Copy + Ord>(
    symbols: Vec<Symbol<T>>,
    mut join: impl FnMut(&Symbol<T>, &Symbol<T>) -> Option<(R, T)>,
) -> Vec<Symbol<T>> {
    let count = symbols.len();
    let node = |(at, symbol): (usize, Symbol<T>)| Node {
        symbol,
        previous: at.checked_sub(1),
        next: Some(at + 1).filter(|&next| next < count),
        gone: false,
    };
    let mut nodes: Vec<Node<T>> = symbols.into_iter().enumerate().map(node).collect();
    let mut pairs = BinaryHeap::new();
    let mut find = |nodes: &[Node<T>], left: usize, right: usize| {
        let (left_symbol, right_symbol) = (&nodes[left].symbol, &nodes[right].symbol);
        let (rank, piece) = join(left_symbol, right_symbol)?;
        let pair = Pair {
            rank,
            left,
            middle: left_symbol.range.end,
            end: right_symbol.range.end,
        };
        Some((Reverse(pair), piece))
    };
    // What a pair makes is looked up again when its turn comes: the heap stays small.
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
