//! Random cases for async laws.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// Runs `law` over so many random values, the same ones each time, and shrinks
/// the first that breaches it. Blocks its thread meanwhile, so it needs a runtime
/// of several threads.
///
/// # Panics
/// With the smallest value found that breaches the law.
pub(crate) fn for_random<S: Strategy>(cases: u32, strategy: &S, law: impl AsyncFn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = block_in_place(|| {
        TestRunner::new_with_rng(config, rng).run(strategy, |value| {
            Handle::current().block_on(law(value));
            Ok(())
        })
    });
    if let Err(breach) = outcome {
        panic!("{breach}");
    }
}
