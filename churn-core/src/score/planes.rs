//! Small numbers of many rows at once, as planes of bits: choosing between them is one operation for a whole block.

use super::conditions::{ALWAYS, Bits, NEVER, WORDS};

/// Planes of a number.
pub(crate) const PLANES: usize = 8;
/// Numbers that are turned into bytes together: those of a row stand in one word.
pub(crate) const TOGETHER: usize = 8;

/// The rows' numbers, eight bytes a row: those of row `r` stand at `[r % 64][r / 64]`.
pub(crate) type Codes = [Bits; 64];

/// `to = if when { then } else { otherwise }`, of slots.
#[derive(Clone, Copy)]
struct Choice {
    to: u32,
    when: u32,
    then: u32,
    otherwise: u32,
}

/// A sequence of choices; slots are the answers to the questions first, then what was chosen.
#[derive(Default)]
pub(crate) struct Program {
    choices: Vec<Choice>,
    n_questions: usize,
    n_slots: usize,
    free: Vec<u32>,
}

impl Program {
    /// An empty program over the answers to so many questions.
    pub fn new(n_questions: usize) -> Program {
        Program { choices: Vec::new(), n_questions, n_slots: n_questions, free: Vec::new() }
    }

    /// Number of slots that it runs on.
    pub fn n_slots(&self) -> usize {
        self.n_slots
    }

    /// Number of choices so far.
    pub fn len(&self) -> usize {
        self.choices.len()
    }

    /// The slot of a choice; an operation only where the answer is not plain.
    pub fn choose(&mut self, when: u32, then: u32, otherwise: u32) -> u32 {
        if then == otherwise || when == ALWAYS {
            return then;
        }
        if (then, otherwise) == (ALWAYS, NEVER) {
            return when;
        }
        let to = self.free.pop().unwrap_or_else(|| {
            self.n_slots += 1;
            (self.n_slots - 1) as u32
        });
        self.choices.push(Choice { to, when, then, otherwise });
        to
    }

    /// Whether a slot holds what was chosen, and not an answer.
    pub fn is_chosen(&self, slot: u32) -> bool {
        slot as usize >= self.n_questions
    }

    /// The slot is not needed any more.
    pub fn release(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// No slot is needed any more.
    pub fn release_all(&mut self) {
        self.free = (self.n_questions as u32..self.n_slots as u32).rev().collect();
    }

    /// Makes the choices of this range.
    #[inline(always)]
    pub fn run(&self, range: std::ops::Range<usize>, slots: &mut [Bits]) {
        for choice in &self.choices[range] {
            let (when, then) = (slots[choice.when as usize], slots[choice.then as usize]);
            let otherwise = slots[choice.otherwise as usize];
            let to = &mut slots[choice.to as usize];
            for w in 0..WORDS {
                to[w] = (when[w] & then[w]) | (!when[w] & otherwise[w]);
            }
        }
    }
}

/// Turns eight numbers of eight planes each into one word a row.
#[inline(always)]
pub(crate) fn to_codes(planes: &[[u32; PLANES]; TOGETHER], slots: &[Bits], out: &mut Codes) {
    for (out, &slot) in out.iter_mut().zip(planes.iter().flatten()) {
        *out = slots[slot as usize];
    }
    transpose(out);
}

/// Transposes eight matrices of 64 x 64 bits, one a word: bit `i` of row `k` becomes bit `k` of row `i`.
#[inline(always)]
fn transpose(x: &mut Codes) {
    swap::<32>(x, 0x0000_0000_ffff_ffff);
    swap::<16>(x, 0x0000_ffff_0000_ffff);
    swap::<8>(x, 0x00ff_00ff_00ff_00ff);
    swap::<4>(x, 0x0f0f_0f0f_0f0f_0f0f);
    swap::<2>(x, 0x3333_3333_3333_3333);
    swap::<1>(x, 0x5555_5555_5555_5555);
}

/// Swaps the blocks of `J` x `J` bits off the diagonal.
#[inline(always)]
fn swap<const J: usize>(x: &mut Codes, low: u64) {
    for pair in x.chunks_exact_mut(2 * J) {
        let (above, below) = pair.split_at_mut(J);
        for (a, b) in above.iter_mut().zip(below) {
            for w in 0..WORDS {
                let both = ((a[w] >> J) ^ b[w]) & low;
                a[w] ^= both << J;
                b[w] ^= both;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_finds_its_row() {
        let mut x: Codes = [[0; WORDS]; 64];
        let mut state = 1u64;
        for word in x.iter_mut().flatten() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *word = state;
        }
        let before = x;
        transpose(&mut x);
        for (i, after) in x.iter().enumerate() {
            for (k, before) in before.iter().enumerate() {
                for (after, before) in after.iter().zip(before) {
                    assert_eq!(after >> k & 1, before >> i & 1);
                }
            }
        }
    }

    #[test]
    fn plain_choices_cost_nothing() {
        let mut program = Program::new(4);
        assert_eq!(program.choose(2, ALWAYS, NEVER), 2);
        assert_eq!(program.choose(2, 3, 3), 3);
        assert_eq!(program.len(), 0);
        let not = program.choose(2, NEVER, ALWAYS);
        let both = program.choose(2, 3, NEVER);
        let mut slots = vec![[0; WORDS]; program.n_slots()];
        slots[1] = [!0; WORDS];
        slots[2] = [0b0011; WORDS];
        slots[3] = [0b0101; WORDS];
        program.run(0..program.len(), &mut slots);
        assert_eq!((slots[not as usize][5] & 15, slots[both as usize][0] & 15), (0b1100, 0b0001));
    }
}
