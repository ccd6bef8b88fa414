//! Answers for texts that come again and again.
//!
//! A column of categories has a few spellings and a million cells. What is found out about a spelling is kept under a
//! slot that its length and ends name, so that the next cell of that spelling costs one comparison; where two spellings
//! share a slot the later one has it, and the other is asked again.

const SLOTS: usize = 128;

/// The slot of a text, below [`SLOTS`].
#[inline]
fn slot(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |b| u64::from_le_bytes(*b));
    let (head, tail) = match bytes.len() {
        0..8 => (bytes.iter().fold(0, |word, &b| word << 8 | u64::from(b)), 0),
        _ => (word(bytes.first_chunk()), word(bytes.last_chunk())),
    };
    // Multiplied by an odd constant, the highest bits depend on all others.
    let mixed = (head ^ tail.rotate_left(23) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - SLOTS.ilog2())) as usize
}

/// What was found out last about each of the texts of a column.
pub(crate) struct Recent<'a, V> {
    slots: Vec<Option<(&'a str, V)>>,
}

impl<'a, V: Copy> Recent<'a, V> {
    pub fn new() -> Self {
        Recent { slots: vec![None; SLOTS] }
    }

    /// What `find` says of the text, asked only where it was not asked lately.
    #[inline]
    pub fn of(&mut self, text: &'a str, find: impl FnOnce(&'a str) -> V) -> V {
        let kept = &mut self.slots[slot(text)];
        match kept {
            Some((known, value)) if *known == text => *value,
            _ => {
                let value = find(text);
                *kept = Some((text, value));
                value
            }
        }
    }
}

/// Numbers of texts that are held elsewhere: the last one for each slot.
#[derive(Debug)]
pub(crate) struct RecentCodes(Box<[u16; SLOTS]>);

impl Default for RecentCodes {
    fn default() -> Self {
        RecentCodes(Box::new([0; SLOTS]))
    }
}

impl RecentCodes {
    /// The place of the code for this text; 0 where there was none.
    #[inline]
    pub fn of(&mut self, text: &str) -> &mut u16 {
        &mut self.0[slot(text)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_gets_its_own_answer() {
        let texts: Vec<String> = (0..1000).map(|i| format!("level {}", i % 300)).chain([String::new()]).collect();
        let mut recent = Recent::new();
        for text in texts.iter().chain(&texts) {
            assert_eq!(recent.of(text, str::len), text.len());
        }
        let mut asked = 0;
        for text in ["Yes", "No", "Yes", "No internet service", "No", "Yes"] {
            recent.of(text, |_| {
                asked += 1;
                0
            });
        }
        assert_eq!(asked, 3);
    }
}
