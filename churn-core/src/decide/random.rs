//! Seeded choices that are the same on every machine: SplitMix64 (Steele, Lea and Flood 2014) and FNV-1a.

/// A generator of a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// Uniform, from 0 up to but not 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Poisson with mean 1: how often the bootstrap draws a row of many.
    pub(crate) fn poisson(&mut self) -> u32 {
        let u = self.uniform();
        let (mut k, mut p) = (0u32, 0.367_879_441_171_442_33);
        let mut sum = p;
        while u >= sum && k < 12 {
            k += 1;
            p /= f64::from(k);
            sum += p;
        }
        k
    }
}

/// A number from 0 up to 1 that a text alone decides, given the seed.
pub(crate) fn lot(seed: u64, text: &str) -> f64 {
    let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3));
    Random::new(hash ^ seed.wrapping_mul(0xD6E8_FEB8_6659_FD93)).uniform()
}
