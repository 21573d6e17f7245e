//! Ids of messages that we send to others: not to be guessed by who does not see them.

use sha2::{Digest, Sha256};

/// Ids from a seed: each is a part of a digest of it and a counter.
#[derive(Clone)]
pub(crate) struct Ids {
    seed: u64,
    given: u64,
}

impl Ids {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, given: 0 }
    }

    /// The next id that is not `taken`, and not 0.
    pub(crate) fn next(&mut self, taken: impl Fn(u16) -> bool) -> u16 {
        let mut id = self.draw();
        // At most a few hundred of 65536 are taken.
        while id == 0 || taken(id) {
            id = self.draw();
        }
        id
    }

    fn draw(&mut self) -> u16 {
        self.given += 1;
        let digest =
            Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.given.to_be_bytes());
        let digest = digest.finalize();
        u16::from_be_bytes([digest[0], digest[1]])
    }
}

/// The seed stays unseen.
impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ids({} given)", self.given)
    }
}
