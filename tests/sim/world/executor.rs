//! Tasks that take turns by the seed's choice, on a clock that moves only when no task can go on.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use edge_isr::policy::time::Time;

type Work = Pin<Box<dyn Future<Output = ()>>>;
type Ready = Arc<Mutex<Vec<Arc<Turn>>>>;

/// Tasks that end together: those of one request.
pub type Group = u64;

pub struct Executor {
    tasks: RefCell<HashMap<u64, Task>>,
    /// Kept until the world is over: nothing of an ended task is dropped before.
    ended: RefCell<Vec<Task>>,
    ready: Ready,
    timers: RefCell<BTreeMap<(Time, u64), Waker>>,
    clock: Cell<Time>,
    random: Cell<u64>,
    count: Cell<u64>,
}

struct Task {
    group: Group,
    work: Work,
}

/// A task's place in the queue.
struct Turn {
    task: u64,
    queued: AtomicBool,
    ready: Ready,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().unwrap().push(self.clone());
        }
    }
}

impl Executor {
    pub fn new(seed: u64, start: Time) -> Rc<Executor> {
        Rc::new(Executor {
            tasks: RefCell::default(),
            ended: RefCell::default(),
            ready: Ready::default(),
            timers: RefCell::default(),
            clock: Cell::new(start),
            random: Cell::new(seed.wrapping_mul(2) + 1),
            count: Cell::new(0),
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

    pub fn spawn(&self, group: Group, work: impl Future<Output = ()> + 'static) {
        let task = self.next();
        self.tasks.borrow_mut().insert(task, Task { group, work: Box::pin(work) });
        let turn = Turn { task, queued: AtomicBool::new(false), ready: self.ready.clone() };
        Arc::new(turn).wake();
    }

    /// Tasks that `end` names never run again, as when the runtime gives a request up or an isolate
    /// dies. Nothing of them is dropped: the runtime drops nothing either.
    pub fn end(&self, end: impl Fn(Group) -> bool) {
        let mut tasks = self.tasks.borrow_mut();
        let ended = tasks.extract_if(|_, task| end(task.group)).map(|(_, task)| task);
        self.ended.borrow_mut().extend(ended);
    }

    /// Drops every task once the world is over: tasks hold the world, and the world holds them.
    pub fn close(&self) {
        loop {
            let mut tasks = self.ended.take();
            tasks.extend(self.tasks.take().into_values());
            if tasks.is_empty() {
                break;
            }
        }
        self.ready.lock().unwrap().clear();
        self.timers.take();
    }

    /// Whether anything of a group is still to be done.
    pub fn is_running(&self, group: Group) -> bool {
        self.tasks.borrow().values().any(|task| task.group == group)
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

    pub fn sleep(self: &Rc<Self>, duration: Duration) -> Sleep {
        Sleep { executor: self.clone(), until: self.now() + duration, timer: None }
    }

    fn next(&self) -> u64 {
        self.count.set(self.count.get() + 1);
        self.count.get()
    }

    /// Runs until no task can go on before `until`, and leaves the clock there.
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
        let turn = {
            let mut ready = self.ready.lock().unwrap();
            if ready.is_empty() {
                return false;
            }
            let at = self.random() as usize % ready.len();
            ready.swap_remove(at)
        };
        turn.queued.store(false, Ordering::Relaxed);
        // It may have ended since.
        let Some(mut task) = self.tasks.borrow_mut().remove(&turn.task) else { return true };
        let id = turn.task;
        let waker = Waker::from(turn);
        if task.work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.tasks.borrow_mut().insert(id, task);
        }
        true
    }
}

/// A timer; it is gone when no task waits for it any more.
pub struct Sleep {
    executor: Rc<Executor>,
    until: Time,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.executor.now() >= self.until {
            return Poll::Ready(());
        }
        let id = match self.timer {
            Some(id) => id,
            None => self.executor.next(),
        };
        self.timer = Some(id);
        self.executor.timers.borrow_mut().insert((self.until, id), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.timer {
            self.executor.timers.borrow_mut().remove(&(self.until, id));
        }
    }
}
