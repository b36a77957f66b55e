//! What a machine can do (memory by streams, dot products by width) beside what the engine's
//! products reach. `cargo xtask bench roofline` runs it natively and, as a wasm module, in browsers.

mod product;
mod rate_meter;

use kernels::{CpuKernels, DotOperation, Isa};
use serde::{Deserialize, Serialize};
use weights::WeightFormat;

pub use product::{ProductShape, TimedProduct};
pub use rate_meter::RateMeter;

/// Numbers of streams that memory is read in.
const STREAMS: [usize; 3] = [1, 2, 4];
/// Bytes that no cache holds.
const UNCACHED_BYTES: usize = 128 << 20;
/// Repetitions of an operation: long enough for a coarse clock to see.
const DOTS: usize = 200_000;

/// What one instruction set does.
#[derive(Debug, Deserialize, Serialize)]
pub struct Figures {
    /// Name of the instruction set.
    pub isa: String,
    /// Bytes a second of memory, by the number of streams: 1, 2 and 4.
    pub memory: [f64; STREAMS.len()],
    /// Multiplications with an addition, a second, in the order of [`DotOperation::ALL`].
    pub dots: [f64; DotOperation::ALL.len()],
    /// What products reach.
    pub products: Vec<ProductFigures>,
}

/// What a product reaches.
#[derive(Debug, Deserialize, Serialize)]
pub struct ProductFigures {
    /// Name of the shape.
    pub shape: String,
    /// Name of the weights' format.
    pub format: String,
    /// Multiplications with an addition, a second.
    pub products: f64,
    /// Bytes of weights and scales a second.
    pub bytes: f64,
    /// Part of what bounds it, measured at the same time: of the fastest reading of memory where weights come from
    /// there, or of their operation's limit.
    pub part_of_limit: f64,
}

impl Figures {
    /// What products of that shape with weights in `format` reach, if they were measured.
    pub fn product(&self, shape: &ProductShape, format: WeightFormat) -> Option<&ProductFigures> {
        let is_it = |it: &&ProductFigures| it.shape == shape.name && it.format == format.as_str();
        self.products.iter().find(is_it)
    }
}

/// The operation that bounds products with weights in `format`.
fn bounding_operation(format: WeightFormat) -> DotOperation {
    match format {
        WeightFormat::F32 | WeightFormat::Bf16 => DotOperation::F32,
        WeightFormat::Q16 => DotOperation::I16,
        WeightFormat::Q8 => DotOperation::Q8,
        WeightFormat::Q6 | WeightFormat::Q4 => DotOperation::Bytes,
    }
}

/// Measures every instruction set that this processor has but plain code. `now` is a clock in
/// seconds.
pub fn measure(now: impl FnMut() -> f64) -> Vec<Figures> {
    let mut meter = RateMeter::new(now);
    // Zeros would all be the same page.
    let data = vec![1_u8; UNCACHED_BYTES];
    let sets = Isa::available()
        .into_iter()
        .filter(|isa| isa.as_str() != "scalar");
    let kernels = sets.filter_map(CpuKernels::new);
    kernels
        .map(|kernels| figures(&mut meter, kernels, &data))
        .collect()
}

fn figures(
    meter: &mut RateMeter<impl FnMut() -> f64>,
    kernels: CpuKernels,
    data: &[u8],
) -> Figures {
    let memory = STREAMS.map(|streams| meter.rate(|| kernels.read_memory(data, streams) as f64));
    let dots = DotOperation::ALL.map(|dot| meter.rate(|| kernels.repeat_dots(dot, DOTS) as f64));
    let streams = STREAMS.into_iter().zip(memory);
    let fastest = streams.max_by(|(_, a), (_, b)| a.total_cmp(b));
    let fastest_streams = fastest.map_or(1, |(streams, _)| streams);
    let mut products = Vec::new();
    for shape in ProductShape::ALL {
        for format in WeightFormat::ALL {
            let mut product = TimedProduct::new(kernels, shape, format);
            let weight_bytes = product.weight_bytes() / product.products();
            let limit = || {
                if shape.is_uncached {
                    kernels.read_memory(data, fastest_streams) as f64 / weight_bytes
                } else {
                    kernels.repeat_dots(bounding_operation(format), DOTS) as f64
                }
            };
            let [rate, part_of_limit] = meter.rate_and_ratio(|| product.run(), limit);
            products.push(ProductFigures {
                shape: shape.name.to_owned(),
                format: format.as_str().to_owned(),
                products: rate,
                bytes: rate * weight_bytes,
                part_of_limit,
            });
        }
    }
    Figures {
        isa: kernels.isa().as_str().to_owned(),
        memory,
        dots,
        products,
    }
}

/// [`measure`] in a page's worker, as JSON.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = measure)]
pub fn measure_in_page() -> String {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
    }
    let figures = measure(|| now() / 1e3);
    serde_json::to_string(&figures).unwrap_or_default()
}
