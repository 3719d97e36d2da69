//! How the server takes memory from the system: so that what is free goes back to it.

/// Makes the allocator keep one heap for all threads, and give back what is free at its end beyond what a picture of a usual
/// screen takes. Otherwise each thread's heap stays as large as its largest moment, and after thousands of calls a sandbox
/// that does nothing holds the sum of them. Given back at once, a picture's memory would have to be asked for page by page
/// with each picture, which takes as long as the picture itself.
pub(crate) fn give_back_what_is_free() {
    const PICTURE: i32 = 8 << 20;
    #[allow(unsafe_code, reason = "sets three numbers of the allocator, before there is a second thread")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, PICTURE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, PICTURE);
    }
}
