use std::cell::Cell;

use kernels::ReadOrder;

use super::*;
use crate::context::Context;

thread_local! {
    static NOW: Cell<f64> = const { Cell::new(0.0) };
}

fn context(format: WeightFormat, is_timed: bool, choices: &KernelChoices) -> Context {
    Context::new(CpuKernels::detect(), choices.of(format, is_timed))
}

/// A call that takes `times[i]` with the `i`-th order, or the last of them. Returns the order.
fn call(ctx: &mut Context, rows: usize, times: [f64; 3]) -> ReadOrder {
    ctx.choose();
    ctx.timed(rows, |ctx| {
        let order = ctx.products.of(rows).read_order();
        let index = ReadOrder::ALL.iter().position(|it| *it == order).unwrap();
        NOW.set(NOW.get() + times[index.min(2)]);
        order
    })
}

#[test]
fn the_backbones_first_steps_find_the_order_for_all_components() {
    let choices = KernelChoices::new(&[CpuKernels::detect()], || NOW.get());
    let mut backbone = context(WeightFormat::Q8, true, &choices);
    let mut flow_net = context(WeightFormat::Q8, false, &choices);
    let mut other_format = context(WeightFormat::Q4, true, &choices);
    let times = [3.0, 2.0, 2.4];
    for _ in 0..UNTIMED_CALLS {
        assert_eq!(call(&mut backbone, 1, times), ReadOrder::ALL[0]);
    }
    let mut tried = Vec::new();
    for _ in 0..40 {
        let order = call(&mut backbone, 1, times);
        if !tried.contains(&order) {
            tried.push(order);
        }
        // Much faster with another order, but not timed.
        call(&mut flow_net, 1, [0.1, 0.1, 0.01]);
    }
    assert_eq!(tried, ReadOrder::ALL);
    assert_eq!(call(&mut backbone, 1, times), ReadOrder::ALL[1]);
    assert_eq!(call(&mut flow_net, 1, times), ReadOrder::ALL[1]);
    assert_eq!(call(&mut other_format, 1, times), ReadOrder::ALL[0]);
    // A fork knows it, too.
    assert_eq!(call(&mut backbone.fork(), 1, times), ReadOrder::ALL[1]);
}

#[test]
fn where_there_is_nothing_to_choose_nothing_is_timed() {
    let choices = KernelChoices::new(&[CpuKernels::detect()], || panic!("the clock is asked"));
    for (format, rows) in [
        (WeightFormat::F32, 1),
        (WeightFormat::Q16, 1),
        (WeightFormat::Q8, 28),
        (WeightFormat::Q8, 3),
    ] {
        call(&mut context(format, true, &choices), rows, [1.0; 3]);
    }
}
