//! Where the choices of a simulated run come from: a seed, or a script that enumerates all of them.

/// A source of choices.
#[derive(Debug, Clone)]
pub(super) enum Choices {
    /// A deterministic generator (splitmix64).
    Random(u64),
    /// The choices of one run of an exhaustive search.
    Script(Script),
}

/// The choices of one run: what was chosen, out of how many.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    taken: Vec<(usize, usize)>,
    position: usize,
}

impl Choices {
    /// Whether all of them are enumerated.
    pub(super) const fn is_scripted(&self) -> bool {
        matches!(self, Self::Script(_))
    }

    /// A number below `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        match self {
            Self::Random(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = *state;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                mixed ^= mixed >> 31;
                usize::try_from(mixed % n as u64).expect("it is below n")
            }
            Self::Script(script) => script.below(n),
        }
    }

    /// True once in `n` times.
    pub(super) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `of`.
    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

impl Script {
    fn below(&mut self, n: usize) -> usize {
        if self.position == self.taken.len() {
            self.taken.push((0, n));
        }
        let (choice, of) = self.taken[self.position];
        assert_eq!(of, n, "a run is a function of its choices");
        self.position += 1;
        choice
    }

    /// The script of the next run, if there is one.
    pub(super) fn next(mut self) -> Option<Self> {
        while let Some((choice, of)) = self.taken.pop() {
            if choice + 1 < of {
                self.taken.push((choice + 1, of));
                return Some(Self { position: 0, ..self });
            }
        }
        None
    }
}
