//! Which instructions this processor has.

use crate::memory::ReadOrder;
use crate::simd::SimdOp;
#[cfg(target_arch = "x86_64")]
use crate::simd::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use crate::simd::avx512::Avx512;
#[cfg(target_arch = "aarch64")]
use crate::simd::neon::Neon;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use crate::simd::scalar::Scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use crate::simd::wasm::Wasm;

/// A set of instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Plain code. Not compiled into wasm with SIMD128, which every browser that loads it has.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Scalar,
    /// x86-64: AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86-64: AVX-512 F, BW, VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 64-bit Arm.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// 64-bit Arm: as [`Isa::Neon`], and dot products of bytes.
    #[cfg(target_arch = "aarch64")]
    NeonDot,
    /// WebAssembly: SIMD128, and relaxed SIMD if the build has it.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Wasm,
    /// WebAssembly: as [`Isa::Wasm`], and relaxed SIMD's dot product of bytes.
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    WasmDot,
}

impl Isa {
    /// All that kernels are compiled for, the best last.
    const COMPILED: &[Self] = &[
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        Self::Scalar,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
        #[cfg(target_arch = "aarch64")]
        Self::NeonDot,
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Self::Wasm,
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        Self::WasmDot,
    ];

    /// All that this processor has, the best last.
    pub fn available() -> Vec<Self> {
        let all = Self::COMPILED.iter().copied();
        all.filter(|isa| IsaToken::detect(*isa).is_some()).collect()
    }

    /// The name, for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Self::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "NEON",
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot => "NEON, dot products of bytes",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Wasm if cfg!(target_feature = "relaxed-simd") => "relaxed SIMD",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Wasm => "SIMD128",
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Self::WasmDot => "relaxed SIMD, dot products of bytes",
        }
    }
}

/// The token of an instruction set, which proves that the processor has it.
#[derive(Clone, Copy, Debug)]
enum IsaToken {
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon<false>),
    #[cfg(target_arch = "aarch64")]
    NeonDot(Neon<true>),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Wasm(Wasm<false>),
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    WasmDot(Wasm<true>),
}

impl IsaToken {
    /// What every processor has that the crate is compiled for.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    const LEAST: Self = Self::Scalar(Scalar);
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    const LEAST: Self = Self::Wasm(Wasm::<false>);

    /// The token of `isa`, if this processor has it.
    #[cfg_attr(
        not(any(target_arch = "x86_64", target_arch = "aarch64")),
        allow(
            clippy::unnecessary_wraps,
            reason = "only x86-64 and Arm have instruction sets that have to be detected"
        )
    )]
    fn detect(isa: Isa) -> Option<Self> {
        match isa {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Isa::Scalar => Some(Self::Scalar(Scalar)),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Avx512::detect().map(Self::Avx512),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => Some(Self::Neon(Neon::TOKEN)),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDot => Neon::detect().map(Self::NeonDot),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Wasm => Some(Self::Wasm(Wasm::<false>)),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Isa::WasmDot => Some(Self::WasmDot(Wasm::<true>)),
        }
    }
}

/// The kernels for one instruction set, which this processor has.
#[derive(Clone, Copy, Debug)]
pub struct CpuKernels {
    token: IsaToken,
    order: ReadOrder,
}

impl Default for CpuKernels {
    fn default() -> Self {
        Self::detect()
    }
}

impl CpuKernels {
    /// Those for the best instruction set there is.
    pub fn detect() -> Self {
        let best = Isa::COMPILED.iter().rev().copied().find_map(Self::new);
        best.unwrap_or(Self {
            token: IsaToken::LEAST,
            order: ReadOrder::default(),
        })
    }

    /// Those for `isa`, if this processor has it.
    pub fn new(isa: Isa) -> Option<Self> {
        let token = IsaToken::detect(isa)?;
        let order = ReadOrder::default();
        Some(Self { token, order })
    }

    /// The same, with products of one row that read weights in this order.
    #[must_use]
    pub fn with_read_order(self, order: ReadOrder) -> Self {
        Self { order, ..self }
    }

    /// How products of one row read weights.
    pub fn read_order(self) -> ReadOrder {
        self.order
    }

    /// The instruction set.
    pub fn isa(self) -> Isa {
        match self.token {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            IsaToken::Scalar(_) => Isa::Scalar,
            #[cfg(target_arch = "x86_64")]
            IsaToken::Avx2(_) => Isa::Avx2,
            #[cfg(target_arch = "x86_64")]
            IsaToken::Avx512(_) => Isa::Avx512,
            #[cfg(target_arch = "aarch64")]
            IsaToken::Neon(_) => Isa::Neon,
            #[cfg(target_arch = "aarch64")]
            IsaToken::NeonDot(_) => Isa::NeonDot,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            IsaToken::Wasm(_) => Isa::Wasm,
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            IsaToken::WasmDot(_) => Isa::WasmDot,
        }
    }

    /// Whether products with q8 weights split their activations.
    pub(crate) fn splits_activations(self) -> bool {
        match self.token {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            IsaToken::Scalar(_) => false,
            #[cfg(target_arch = "x86_64")]
            IsaToken::Avx2(_) | IsaToken::Avx512(_) => false,
            #[cfg(target_arch = "aarch64")]
            IsaToken::Neon(_) => false,
            #[cfg(target_arch = "aarch64")]
            IsaToken::NeonDot(_) => true,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            IsaToken::Wasm(_) => false,
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            IsaToken::WasmDot(_) => true,
        }
    }

    /// Runs `op` with dot products of bytes, where the instruction set has those. Activations of
    /// q8 products have to be split where [`CpuKernels::splits_activations`] says so.
    #[inline]
    pub(crate) fn run_on_bytes(self, op: impl SimdOp) {
        match self.token {
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            IsaToken::WasmDot(simd) => op.run(simd),
            _ => self.run(op),
        }
    }

    /// Runs `op` compiled for the instruction set.
    #[inline]
    pub(crate) fn run(self, op: impl SimdOp) {
        match self.token {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            IsaToken::Scalar(simd) => op.run(simd),
            #[cfg(target_arch = "x86_64")]
            IsaToken::Avx2(simd) => simd.run(op),
            #[cfg(target_arch = "x86_64")]
            IsaToken::Avx512(simd) => simd.run(op),
            #[cfg(target_arch = "aarch64")]
            IsaToken::Neon(simd) => op.run(simd),
            #[cfg(target_arch = "aarch64")]
            IsaToken::NeonDot(simd) => simd.run(op),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            IsaToken::Wasm(simd) => op.run(simd),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            IsaToken::WasmDot(_) => op.run(Wasm::<false>),
        }
    }
}
