use super::*;

/// Gives every candidate the times that `time` says, for a candidate and how often it was timed
/// before, until one has won. Returns it, and how often each was timed.
fn run(candidates: usize, time: impl Fn(usize, usize) -> f64) -> (usize, Vec<usize>) {
    let mut trials = Trials::new(candidates);
    let mut counts = vec![0; candidates];
    while let Some(next) = trials.next() {
        trials.record(next, time(next, counts[next]));
        counts[next] += 1;
        assert!(counts[next] <= ROUNDS, "{counts:?}");
    }
    (trials.winner().unwrap(), counts)
}

#[test]
fn the_fastest_wins() {
    let times = [3.0, 2.5, 2.8];
    assert_eq!(run(3, |candidate, _| times[candidate]), (1, vec![8; 3]));
}

#[test]
fn the_first_stays_unless_another_is_clearly_faster() {
    assert_eq!(run(2, |candidate, _| [3.0, 2.95][candidate]).0, 0);
    assert_eq!(run(2, |candidate, _| [3.0, 2.8][candidate]).0, 1);
    // A clock that stands still.
    assert_eq!(run(2, |_, _| 0.0).0, 0);
}

#[test]
fn one_candidate_is_not_timed() {
    assert_eq!(Trials::new(1).winner(), Some(0));
}

#[test]
fn what_is_much_slower_is_dropped_early() {
    let times = [6.0, 2.5, 2.8];
    let (winner, counts) = run(3, |candidate, _| times[candidate]);
    assert_eq!((winner, counts), (1, vec![FIRST_ROUNDS, ROUNDS, ROUNDS]));
    let (winner, counts) = run(2, |candidate, _| [6.0, 2.5][candidate]);
    assert_eq!((winner, counts), (1, vec![FIRST_ROUNDS; 2]));
}

#[test]
fn interruptions_and_slow_beginnings_do_not_count() {
    // Half of all times are long, first those of code that is not optimised.
    let time = |candidate: usize, before: usize| {
        let slow = before < 2 || (before + candidate).is_multiple_of(3);
        [3.0, 2.5][candidate] * if slow { 7.0 } else { 1.0 }
    };
    assert_eq!(run(2, time).0, 1);
}

#[test]
fn a_coarse_clock_suffices() {
    // Steps of one millisecond, which begin at any time of it.
    let time = |candidate: usize, before: usize| {
        let start = (before * 7 + candidate * 3) as f64 * 0.61;
        (start + [4.6, 3.4][candidate]).floor() - start.floor()
    };
    assert_eq!(run(2, time).0, 1);
}

#[test]
fn a_time_that_comes_late_changes_nothing() {
    let mut trials = Trials::new(2);
    while let Some(next) = trials.next() {
        trials.record(next, [2.0, 1.0][next]);
    }
    trials.record(0, 0.1);
    assert_eq!(trials.winner(), Some(1));
}
