//! What a law runs against: fresh stores, one after the other, and what must live with each.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use waxseal_core::store::{AccountStore, Store};

/// A future on the heap, as factories and laws hand it over.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

type Factory<S> = Arc<dyn Fn(u64) -> Boxed<'static, Subject<S>> + Send + Sync>;

/// An empty store under test, with whatever must not go before it does: a
/// temporary directory, a child process.
pub struct Subject<S: ?Sized> {
    /// The store. Laws clone it into racing tasks.
    pub store: Arc<S>,
    _guard: Box<dyn Any + Send>,
}

impl Subject<dyn Store> {
    /// A store of secrets; `()` where there is nothing to guard.
    pub fn store(store: Arc<dyn Store>, guard: impl Any + Send) -> Self {
        Self { store, _guard: Box::new(guard) }
    }
}

impl Subject<dyn AccountStore> {
    /// A store of accounts; `()` where there is nothing to guard.
    pub fn accounts(store: Arc<dyn AccountStore>, guard: impl Any + Send) -> Self {
        Self { store, _guard: Box::new(guard) }
    }
}

/// Makes empty stores for the laws.
pub struct Harness<S: ?Sized> {
    factory: Factory<S>,
}

impl<S: ?Sized> Harness<S> {
    /// Takes a factory. It is handed the budget of stored bytes that the store
    /// must keep to, 0 for none, and answers an empty store that shares nothing
    /// with the ones before it. A factory of account stores may ignore the budget.
    pub fn new<F, Made>(factory: F) -> Self
    where
        F: Fn(u64) -> Made + Send + Sync + 'static,
        Made: Future<Output = Subject<S>> + Send + 'static,
    {
        Self { factory: Arc::new(move |budget| Box::pin(factory(budget))) }
    }

    /// An empty store without a budget.
    pub async fn fresh(&self) -> Subject<S> {
        self.bounded(0).await
    }

    /// An empty store that may keep `budget` bytes, as
    /// [`waxseal_core::store::Record::stored_bytes`] counts them.
    pub async fn bounded(&self, budget: u64) -> Subject<S> {
        (self.factory)(budget).await
    }
}

impl<S: ?Sized> Clone for Harness<S> {
    fn clone(&self) -> Self {
        Self { factory: self.factory.clone() }
    }
}

impl<S: ?Sized> fmt::Debug for Harness<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Harness")
    }
}

/// One law by its name, for runners of one's own.
pub struct Law<S: ?Sized + 'static> {
    /// The name of the law's function, and of its test.
    pub name: &'static str,
    /// The law. Its future panics on a breach, and says in the panic what was breached.
    pub run: for<'a> fn(&'a Harness<S>) -> Boxed<'a, ()>,
}

impl<S: ?Sized> Law<S> {
    /// Whether a store keeps this law. Call it on a runtime of several threads,
    /// as laws over random cases block theirs. The breach itself is written to
    /// standard error by the panic hook.
    pub async fn holds(&self, harness: &Harness<S>) -> bool {
        let (run, harness) = (self.run, harness.clone());
        tokio::spawn(async move { run(&harness).await }).await.is_ok()
    }
}

impl<S: ?Sized> fmt::Debug for Law<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Runs one law on a runtime of its own with several threads, so that races
/// race. What the macros put into each test.
///
/// # Panics
/// If the law is breached, or the machine gives no runtime.
pub fn check<S, L>(law: L, harness: &Harness<S>)
where
    S: ?Sized,
    L: AsyncFnOnce(&Harness<S>),
{
    runtime().block_on(law(harness));
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a test machine that gives no threads can prove nothing")
}
