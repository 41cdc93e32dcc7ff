//! Containers with the lock in the wrong place.

use std::sync::Arc;

use super::world::{Mutex, Shared, spawn};

/// The producer counts an element before it has written it.
pub(super) fn circular_buffer() {
    const SLOTS: usize = 4;
    const ELEMENTS: i64 = 4;
    let slots: [_; SLOTS] = std::array::from_fn(|_| Shared::new(0));
    let written = Shared::new(0);
    let producer = spawn({
        let (slots, written) = (slots.clone(), Arc::clone(&written));
        move || {
            for element in 1..=ELEMENTS {
                written.set(element);
                slots[element as usize % SLOTS].set(element);
            }
        }
    });
    let consumer = spawn(move || {
        let mut read = 0;
        for _ in 0..ELEMENTS {
            if read < written.get() {
                read += 1;
                let element = slots[read as usize % SLOTS].get();
                assert_eq!(element, read, "circular_buffer: an element is read before it is written");
            }
        }
    });
    producer.join();
    consumer.join();
}

/// What goes into a queue is recorded after the lock is given back: somebody may take it before.
pub(super) fn queue() {
    const ELEMENTS: usize = 5;
    let queue = Arc::new(Mutex::new(std::collections::VecDeque::new()));
    let recorded: [_; ELEMENTS] = std::array::from_fn(|_| Shared::new(0));
    let producer = spawn({
        let (queue, recorded) = (Arc::clone(&queue), recorded.clone());
        move || {
            for (element, record) in recorded.iter().enumerate() {
                queue.lock().push_back(element);
                record.set(1);
            }
        }
    });
    let consumer = spawn(move || {
        for _ in 0..ELEMENTS {
            let taken = queue.lock().pop_front();
            if let Some(element) = taken {
                assert_eq!(recorded[element].get(), 1, "queue: an element is taken before it is recorded");
            }
        }
    });
    producer.join();
    consumer.join();
}

/// A flag says that there is something on the stack, and nobody ever takes it back.
pub(super) fn stack() {
    const ELEMENTS: usize = 5;
    let stack = Arc::new(Mutex::new(Vec::new()));
    let is_filled = Shared::new(0);
    let pusher = spawn({
        let (stack, is_filled) = (Arc::clone(&stack), Arc::clone(&is_filled));
        move || {
            for element in 0..ELEMENTS {
                let mut stack = stack.lock();
                stack.push(element);
                is_filled.set(1);
            }
        }
    });
    let popper = spawn(move || {
        for _ in 0..ELEMENTS {
            let mut stack = stack.lock();
            if is_filled.get() == 1 {
                assert!(stack.pop().is_some(), "stack: popped when it was empty");
            }
        }
    });
    pusher.join();
    popper.join();
}

/// Appends one text to another: asks for the length under the lock, and for the characters under it again.
pub(super) fn string_buffer() {
    let source = Arc::new(Mutex::new(String::from("abc")));
    let append = spawn({
        let source = Arc::clone(&source);
        move || {
            let mut target = String::new();
            let length = source.lock().len();
            let source = source.lock();
            assert!(length <= source.len(), "string_buffer: the text is shorter than it was");
            target.push_str(&source[..length]);
        }
    });
    let erase = spawn(move || source.lock().clear());
    append.join();
    erase.join();
}
