//! Who the sandbox's processes are, and what they may do.

use super::written_inside;

#[test]
fn commands_run_without_privileges_and_cannot_gain_any() {
    let Some(status) = written_inside("cat /proc/self/status") else { return };
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(field("Uid:"), "1000 1000 1000 1000");
    assert_eq!(field("Gid:"), "1000 1000 1000 1000");
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2", "a filter is in force");
}

#[test]
fn what_the_engine_s_seccomp_profile_forbids_is_forbidden() {
    let command = "for try in 'unshare --user true' 'unshare --net true' 'mount -t tmpfs none /mnt' 'chroot / true'; do
        $try 2>/dev/null && echo \"$try worked\"
    done; command -v unshare mount chroot | wc -l";
    let Some(worked) = written_inside(command) else { return };
    assert_eq!(worked, "3\n", "all three programs are there, and none of the tries worked");
}

#[test]
fn the_guest_cannot_be_replaced_or_hidden() {
    let command = "guest=/.handspike/bin/handspike-guest
        before=$(sha256sum <$guest)
        for try in 'touch /.handspike/bin/new' \"cp /bin/true $guest\" \"mv $guest /tmp/\" \"rm -f $guest\" \
            \"chmod 777 $guest\" 'mv /.handspike /tmp/' 'mkdir /.handspike/new' 'rmdir /.handspike/run'; do
            $try 2>/dev/null && echo \"$try worked\"
        done
        [ \"$before\" = \"$(sha256sum <$guest)\" ] && echo unchanged";
    let Some(worked) = written_inside(command) else { return };
    assert_eq!(worked, "unchanged\n");
}

#[test]
fn the_engine_s_socket_is_not_there() {
    let Some(found) = written_inside("find / -xdev -name 'docker*.sock' 2>/dev/null; ls -d /run /var/run") else {
        return;
    };
    assert_eq!(found, "/run\n/var/run\n");
}

#[test]
fn the_kernel_s_settings_cannot_be_changed() {
    let command = "for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/drop_caches \
            /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do
            (echo 1 >$file) 2>/dev/null && echo \"$file took it\"
        done; echo tried";
    let Some(taken) = written_inside(command) else { return };
    assert_eq!(taken, "tried\n");
}
