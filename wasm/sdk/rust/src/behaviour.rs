use crate::error::Result;
use crate::records::Records;
use crate::settings::Settings;
use crate::timers::Timers;

/// A behaviour: what a module does. There is one of it in an instance of the module.
pub trait Behaviour: Sized {
    /// What it is given: [`Batch`](crate::Batch), or [`Columns`](crate::Columns), as the manifest's `mode` says.
    type Input: Input;
    /// What it returns: [`Records`], [`Selection`](crate::Selection) or [`Results`](crate::Results), as the manifest's `returns` says.
    type Output: Output;

    /// Makes it, with the parameters of the stage. An error keeps the pipeline from starting.
    fn open(settings: &Settings) -> Result<Self>;

    /// Is called with each batch, and puts into `out`, which is empty, what becomes of it. An error is that of the whole batch.
    fn process(&mut self, input: &Self::Input, out: &mut Self::Output) -> Result;
}

/// A behaviour that sets timers. It is named in [`behaviour!`](crate::behaviour) as `timers`.
pub trait OnTimer: Behaviour {
    /// Is called with timers whose time has come. It returns records of no row.
    fn on_timer(&mut self, timers: &Timers, out: &mut Records) -> Result;
}

/// A behaviour that wants to know when event time goes on. It is named in [`behaviour!`](crate::behaviour) as `watermark`.
pub trait OnWatermark: Behaviour {
    /// Is called when event time has gone on, in µs since 1970. It returns records of no row.
    fn on_watermark(&mut self, us: i64, out: &mut Records) -> Result;
}

/// A behaviour with hot parameters. It is named in [`behaviour!`](crate::behaviour) as `configure`.
pub trait Configure: Behaviour {
    /// Is called with new values of parameters, between two batches.
    fn configure(&mut self, settings: &Settings) -> Result;
}

/// A behaviour that keeps something in its own memory. It is named in [`behaviour!`](crate::behaviour) as `snapshot`.
pub trait Snapshot: Behaviour {
    /// Returns what it keeps, in any form.
    fn snapshot(&mut self) -> Vec<u8>;

    /// Is given what a snapshot was. It may be called several times, where what were several instances is one now: then it adds up.
    fn restore(&mut self, snapshot: &[u8]) -> Result;
}

/// What calls are given.
pub trait Input {
    /// The frame at a place.
    ///
    /// # Safety
    /// There are `len` bytes of a frame at `at`, which do not change while the input is there.
    unsafe fn new(at: *const u8, len: usize) -> Self;

    /// How many rows there are.
    fn size(&self) -> u32;
}

/// What calls return.
pub trait Output: Default {
    /// Removes all that is there, for a batch of so many rows.
    fn begin(&mut self, rows: u32);

    /// The frame to return; empty for nothing.
    fn finish(&mut self) -> &[u8];
}

/// Makes the exports of a module of a behaviour, with what it can do besides: `timers`, `watermark`, `configure`, `snapshot`.
///
/// ```ignore
/// onstream::behaviour!(Anomaly, timers, configure);
/// ```
#[macro_export]
macro_rules! behaviour {
    ($type:ty $(, $more:ident)* $(,)?) => {
        static ONSTREAM: $crate::exports::Module<$type> = $crate::exports::Module::new();

        #[no_mangle]
        pub extern "C" fn onstream_abi_v1() {}

        #[no_mangle]
        pub extern "C" fn onstream_alloc(n: usize) -> *mut u8 {
            ONSTREAM.alloc(n)
        }

        #[no_mangle]
        pub unsafe extern "C" fn onstream_open(at: *const u8, len: usize) -> i32 {
            ONSTREAM.open(at, len)
        }

        #[no_mangle]
        pub unsafe extern "C" fn onstream_process(at: *const u8, len: usize) -> i64 {
            ONSTREAM.process(at, len)
        }

        $($crate::behaviour!(@ $more);)*
    };
    (@ timers) => {
        #[no_mangle]
        pub unsafe extern "C" fn onstream_on_timer(at: *const u8, len: usize) -> i64 {
            ONSTREAM.on_timer(at, len)
        }
    };
    (@ watermark) => {
        #[no_mangle]
        pub extern "C" fn onstream_on_watermark(us: i64) -> i64 {
            ONSTREAM.on_watermark(us)
        }
    };
    (@ configure) => {
        #[no_mangle]
        pub unsafe extern "C" fn onstream_configure(at: *const u8, len: usize) -> i32 {
            ONSTREAM.configure(at, len)
        }
    };
    (@ snapshot) => {
        #[no_mangle]
        pub extern "C" fn onstream_snapshot() -> i64 {
            ONSTREAM.snapshot()
        }

        #[no_mangle]
        pub unsafe extern "C" fn onstream_restore(at: *const u8, len: usize) -> i32 {
            ONSTREAM.restore(at, len)
        }
    };
}

/// What [`behaviour!`](crate::behaviour) is made of.
#[doc(hidden)]
#[allow(clippy::missing_safety_doc, clippy::new_without_default, clippy::mut_from_ref)]
pub mod exports {
    use std::cell::UnsafeCell;

    use super::*;
    use crate::host;

    pub struct Module<B: Behaviour>(UnsafeCell<Kept<B>>);

    // A module has one thread.
    unsafe impl<B: Behaviour> Sync for Module<B> {}

    struct Kept<B: Behaviour> {
        behaviour: Option<B>,
        input: Vec<u128>, // aligned to 16
        out: Option<B::Output>,
        records: Option<Records>, // of timers and watermarks
        snapshot: Vec<u8>,
    }

    /// Where something is and how long it is, as calls return it.
    fn place(bytes: &[u8]) -> i64 {
        if bytes.is_empty() {
            return 0;
        }
        ((bytes.as_ptr() as usize as u64) << 32 | bytes.len() as u64) as i64
    }

    fn failed(text: &str) -> i32 {
        unsafe { host::error(text.as_ptr(), text.len()) };
        -1
    }

    fn status(result: Result) -> i32 {
        match result {
            Ok(()) => 0,
            Err(e) => failed(&e.0),
        }
    }

    fn returned<O: Output>(result: Result, out: &mut O) -> i64 {
        match result {
            Ok(()) => place(out.finish()),
            Err(e) => failed(&e.0) as i64,
        }
    }

    impl<B: Behaviour> Module<B> {
        pub const fn new() -> Self {
            Module(UnsafeCell::new(Kept { behaviour: None, input: Vec::new(), out: None, records: None, snapshot: Vec::new() }))
        }

        /// The host makes one call after the other.
        fn kept(&self) -> &mut Kept<B> {
            unsafe { &mut *self.0.get() }
        }

        pub fn alloc(&self, n: usize) -> *mut u8 {
            let input = &mut self.kept().input;
            input.clear();
            if input.try_reserve(n / 16 + 1).is_err() {
                return std::ptr::null_mut();
            }
            input.as_mut_ptr().cast()
        }

        pub unsafe fn open(&self, at: *const u8, len: usize) -> i32 {
            std::panic::set_hook(Box::new(|panic| {
                failed(&panic.to_string());
            }));
            let kept = self.kept();
            kept.out = Some(B::Output::default());
            kept.records = Some(Records::default());
            match B::open(&Settings::new(at, len)) {
                Ok(b) => {
                    kept.behaviour = Some(b);
                    0
                }
                Err(e) => failed(&e.0),
            }
        }

        pub unsafe fn process(&self, at: *const u8, len: usize) -> i64 {
            let kept = self.kept();
            let (b, out) = (kept.behaviour.as_mut().expect("it is not open"), kept.out.as_mut().expect("it is not open"));
            let input = B::Input::new(at, len);
            out.begin(input.size());
            returned(b.process(&input, out), out)
        }

        fn opened(&self) -> (&mut B, &mut Records) {
            let kept = self.kept();
            (kept.behaviour.as_mut().expect("it is not open"), kept.records.as_mut().expect("it is not open"))
        }
    }

    impl<B: OnTimer> Module<B> {
        pub unsafe fn on_timer(&self, at: *const u8, len: usize) -> i64 {
            let (b, out) = self.opened();
            let timers = Timers::new(at, len);
            out.begin(timers.size());
            returned(b.on_timer(&timers, out), out)
        }
    }

    impl<B: OnWatermark> Module<B> {
        pub fn on_watermark(&self, us: i64) -> i64 {
            let (b, out) = self.opened();
            out.begin(0);
            returned(b.on_watermark(us, out), out)
        }
    }

    impl<B: Configure> Module<B> {
        pub unsafe fn configure(&self, at: *const u8, len: usize) -> i32 {
            status(self.opened().0.configure(&Settings::new(at, len)))
        }
    }

    impl<B: Snapshot> Module<B> {
        pub fn snapshot(&self) -> i64 {
            let kept = self.kept();
            kept.snapshot = self.opened().0.snapshot();
            place(&kept.snapshot)
        }

        pub unsafe fn restore(&self, at: *const u8, len: usize) -> i32 {
            status(self.opened().0.restore(std::slice::from_raw_parts(at, len)))
        }
    }
}
