//! How the server takes memory from the system: so that what is free goes back to it.

/// Makes the allocator keep one heap for all threads, and map what is large by itself. Otherwise each thread's heap stays
/// as large as its largest moment, such as a picture's, and after thousands of calls a sandbox that does nothing holds
/// the sum of them.
pub(crate) fn give_back_what_is_free() {
    const LARGE: i32 = 128 << 10;
    #[allow(unsafe_code, reason = "sets two numbers of the allocator, before there is a second thread")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}
