//! Tasks that take turns by the seed's choice, on a clock that moves only when nobody can go on.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use edge_isr::policy::time::Time;

type Task = Pin<Box<dyn Future<Output = ()>>>;
type Ready = Arc<Mutex<VecDeque<usize>>>;

pub struct Executor {
    tasks: RefCell<Vec<Option<Task>>>,
    ready: Ready,
    timers: RefCell<BTreeMap<(Time, u64), Waker>>,
    clock: Cell<Time>,
    random: Cell<u64>,
    timer_count: Cell<u64>,
}

struct TaskWaker {
    task: usize,
    ready: Ready,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock().unwrap();
        if !ready.contains(&self.task) {
            ready.push_back(self.task);
        }
    }
}

impl Executor {
    pub fn new(seed: u64, start: Time) -> Rc<Executor> {
        Rc::new(Executor {
            tasks: RefCell::default(),
            ready: Ready::default(),
            timers: RefCell::default(),
            clock: Cell::new(start),
            random: Cell::new(seed.wrapping_mul(2) + 1),
            timer_count: Cell::new(0),
        })
    }

    pub fn now(&self) -> Time {
        self.clock.get()
    }

    /// splitmix64: small, and good enough to choose turns.
    pub fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut tasks = self.tasks.borrow_mut();
        tasks.push(Some(Box::pin(task)));
        self.ready.lock().unwrap().push_back(tasks.len() - 1);
    }

    /// What runs now never runs again, as when an isolate dies. Nothing is dropped.
    pub fn kill_all(&self) {
        let mut tasks = self.tasks.borrow_mut();
        tasks.iter_mut().for_each(|task| std::mem::forget(task.take()));
        self.timers.borrow_mut().clear();
    }

    /// Lets any other task run first.
    pub fn turn(&self) -> impl Future<Output = ()> + use<> {
        let mut waited = false;
        std::future::poll_fn(move |context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
    }

    pub fn sleep(self: &Rc<Self>, duration: Duration) -> impl Future<Output = ()> + use<> {
        let (executor, until) = (self.clone(), self.now() + duration);
        let mut timer = None;
        std::future::poll_fn(move |context| {
            if executor.now() >= until {
                return Poll::Ready(());
            }
            let id = *timer.get_or_insert_with(|| executor.next_timer());
            executor.timers.borrow_mut().insert((until, id), context.waker().clone());
            Poll::Pending
        })
    }

    fn next_timer(&self) -> u64 {
        self.timer_count.set(self.timer_count.get() + 1);
        self.timer_count.get()
    }

    /// Runs until nobody can go on before `until`, and leaves the clock there.
    pub fn run_until(&self, until: Time) {
        loop {
            while self.step() {}
            let next = self.timers.borrow().keys().next().copied();
            match next {
                Some((at, id)) if at <= until => {
                    self.clock.set(self.clock.get().max(at));
                    let waker = self.timers.borrow_mut().remove(&(at, id));
                    waker.into_iter().for_each(Waker::wake);
                }
                _ => break,
            }
        }
        self.clock.set(self.clock.get().max(until));
    }

    fn step(&self) -> bool {
        let task = {
            let mut ready = self.ready.lock().unwrap();
            if ready.is_empty() {
                return false;
            }
            let at = self.random() as usize % ready.len();
            ready.remove(at).unwrap()
        };
        let Some(mut future) = self.tasks.borrow_mut()[task].take() else { return true };
        let waker = Waker::from(Arc::new(TaskWaker { task, ready: self.ready.clone() }));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.tasks.borrow_mut()[task] = Some(future);
        }
        true
    }
}
