//! Which instructions this processor has.

use crate::simd::Simd;

/// A set of instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What every processor has: left out of wasm with vectors, where all have those.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Scalar,
    /// x86-64: AVX2, FMA, F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86-64: AVX-512 F, BW, VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 64-bit Arm.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// WebAssembly: SIMD128, and relaxed SIMD where the build has it.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Wasm,
    /// The same, and relaxed SIMD's dot product of bytes.
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    WasmDot,
}

impl Isa {
    /// All that this processor has, the best last.
    #[cfg_attr(
        target_arch = "wasm32",
        allow(
            clippy::vec_init_then_push,
            reason = "other processors are asked in between"
        )
    )]
    pub fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        all.push(Self::Scalar);
        #[cfg(target_arch = "x86_64")]
        {
            // Miri interprets no vectors of this kind.
            if !cfg!(miri) && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                all.push(Self::Avx2);
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
                {
                    all.push(Self::Avx512);
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Self::Neon);
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        all.push(Self::Wasm);
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        all.push(Self::WasmDot);
        all
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
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Wasm if cfg!(target_feature = "relaxed-simd") => "relaxed SIMD",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Wasm => "SIMD128",
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Self::WasmDot => "relaxed SIMD, dot products of bytes",
        }
    }
}

/// The kernels for one instruction set, which this processor has.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    isa: Isa,
}

impl Default for Kernels {
    fn default() -> Self {
        Self::detect()
    }
}

impl Kernels {
    /// Those for the best instruction set there is.
    pub fn detect() -> Self {
        // There always is one.
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        let least = Isa::Scalar;
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        let least = Isa::Wasm;
        let isa = Isa::available().pop().unwrap_or(least);
        Self { isa }
    }

    /// Those for `isa`, if this processor has it.
    pub fn new(isa: Isa) -> Option<Self> {
        Isa::available().contains(&isa).then_some(Self { isa })
    }

    /// The instruction set.
    pub fn isa(self) -> Isa {
        self.isa
    }

    /// Whether activations beside 8-bit weights come in planes.
    pub(crate) fn has_planes(self) -> bool {
        match self.isa {
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Isa::WasmDot => true,
            _ => false,
        }
    }

    /// Runs `kernel` with dot products of bytes, where the instruction set has those.
    ///
    /// # Safety
    ///
    /// That of [`Kernel::run`]; beside q8 weights, activations come in planes where
    /// [`Kernels::has_planes`] says so.
    #[inline]
    pub(crate) unsafe fn run_on_bytes<K: Kernel>(self, kernel: K) {
        // SAFETY: `Self` is only made for instruction sets that were found.
        unsafe {
            match self.isa {
                #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
                Isa::WasmDot => kernel.run::<crate::simd::wasm::Wasm<true>>(),
                _ => self.run(kernel),
            }
        }
    }

    /// Runs `kernel` compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// That of [`Kernel::run`].
    #[inline]
    pub(crate) unsafe fn run<K: Kernel>(self, kernel: K) {
        // SAFETY: `Self` is only made for instruction sets that were found.
        unsafe {
            match self.isa {
                #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
                Isa::Scalar => kernel.run::<crate::simd::scalar::Scalar>(),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => run_avx2(kernel),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => run_avx512(kernel),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => kernel.run::<crate::simd::neon::Neon>(),
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
                Isa::Wasm => kernel.run::<crate::simd::wasm::Wasm<false>>(),
                #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
                Isa::WasmDot => kernel.run::<crate::simd::wasm::Wasm<false>>(),
            }
        }
    }
}

/// A loop over vectors, which is compiled once for every instruction set.
pub(crate) trait Kernel {
    /// Does the work. Has to be `#[inline(always)]`.
    ///
    /// # Safety
    ///
    /// The processor has the instructions of `S`; what else the kernel's fields promise.
    unsafe fn run<S: Simd>(self);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<K: Kernel>(kernel: K) {
    // SAFETY: as this function's own.
    unsafe { kernel.run::<crate::simd::avx2::Avx2>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
unsafe fn run_avx512<K: Kernel>(kernel: K) {
    // SAFETY: as this function's own.
    unsafe { kernel.run::<crate::simd::avx512::Avx512>() }
}
