//! tmp
use labrpc::sim::*;
use labrpc::{sync::*, thread, time::*};
#[test]
fn smoke() {
    for seed in 0..200 {
        let r = Sim::new(seed).run(|| {
            let m = Arc::new(Mutex::new(0));
            let hs: Vec<_> = (0..10)
                .map(|_| {
                    let m = m.clone();
                    thread::spawn(move || {
                        for _ in 0..100 {
                            *m.lock() += 1;
                        }
                    })
                })
                .collect();
            for h in hs {
                h.join().unwrap();
            }
            thread::sleep(Duration::from_secs(5));
            *m.lock()
        });
        let (v, rep) = r.unwrap();
        assert_eq!(v, 1000);
        if seed == 0 {
            println!("{:?} {} {}", rep.elapsed, rep.steps, rep.trace.fingerprint);
        }
    }
    let r = Sim::new(1).run(|| {
        let a = Arc::new(Mutex::new(0));
        let b = Arc::new(Mutex::new(0));
        let n = NodeHandle::new("S1");
        let (a2, b2) = (a.clone(), b.clone());
        let h = n.spawn("x", move || {
            let _g = a2.lock();
            thread::sleep(Duration::from_millis(1));
            let _h = b2.lock();
        });
        let _g = b.lock();
        thread::sleep(Duration::from_millis(1));
        let _h = a.lock();
        drop(_h);
        drop(_g);
        h.join().unwrap();
    });
    println!("{}", r.unwrap_err());
    let r = Sim::new(1).run(|| {
        thread::spawn(|| panic!("ouch"));
        thread::sleep(Duration::from_secs(1));
    });
    println!("{}", r.unwrap_err());
    let r = Sim::new(1).stall(Duration::from_millis(100)).run(|| {
        thread::spawn(|| {
            loop {
                std::hint::spin_loop()
            }
        });
        thread::sleep(Duration::from_secs(1));
    });
    println!("{}", r.unwrap_err());
    let r = Sim::new(1).steps_max(100000).run(|| {
        thread::spawn(|| {
            loop {
                thread::yield_now()
            }
        });
        loop {
            thread::yield_now()
        }
    });
    println!("{}", r.unwrap_err());
    let r = Sim::new(1).run(|| {
        let m = Mutex::new(0);
        let _g = m.lock();
        let _h = m.lock();
    });
    println!("{}", r.unwrap_err());
    let t = std::time::Instant::now();
    for seed in 0..1000 {
        Sim::new(seed)
            .run(|| {
                let n = NodeHandle::new("S");
                for _ in 0..10 {
                    n.spawn("a", || {
                        loop {
                            thread::sleep(Duration::from_millis(3));
                        }
                    });
                }
                thread::sleep(Duration::from_millis(10));
                n.crash();
            })
            .unwrap();
    }
    println!("1000 sims {:?}", t.elapsed());
    let (mut x, _) = Sim::new(1)
        .run(|| {
            let t = std::time::Instant::now();
            let h: Vec<_> = (0..10)
                .map(|_| {
                    thread::spawn(|| {
                        for _ in 0..100_000 {
                            thread::yield_now()
                        }
                    })
                })
                .collect();
            for h in h {
                h.join().unwrap();
            }
            t.elapsed()
        })
        .unwrap();
    println!("switch {:?}", x / 1_000_000);
    x = Sim::new(1)
        .run(|| {
            let t = std::time::Instant::now();
            for _ in 0..100_000 {
                thread::spawn(|| ()).join().unwrap();
            }
            t.elapsed()
        })
        .unwrap()
        .0;
    println!("spawn+join {:?}", x / 100_000);
    x = Sim::new(1)
        .run(|| {
            let m = Arc::new(Mutex::new(0));
            let t = std::time::Instant::now();
            let h: Vec<_> = (0..10)
                .map(|_| {
                    let m = m.clone();
                    thread::spawn(move || {
                        for _ in 0..100_000 {
                            *m.lock() += 1;
                        }
                    })
                })
                .collect();
            for h in h {
                h.join().unwrap();
            }
            t.elapsed()
        })
        .unwrap()
        .0;
    println!("lock {:?}", x / 1_000_000);
}
