//! Throw-away probe.
mod support;
use support::Session;
#[test]
fn probe() {
    let mut s = Session::new();
    for c in ["set -e; [ -f nope ] && echo yes", "echo $-", "ulimit -n 100; echo x", "echo after", "exec 10>lock; echo l >&10; echo ok", "echo after2", "unset PWD; cd /usr", "ls -d .", "cd -", "history", "jobs; sleep 0.2 & jobs", "trap -p", "time true", "select x in a b; do echo $x; done; echo $?", "read -p 'password: ' x; echo $?", "python3 -c 'import sys; print(1); print(2, file=sys.stderr); sys.exit(3)'", "set -C; echo a > f1; echo b > f1", "cat /dev/tty", "sudo -n true", "yes | head -3", "yes | head -c 300000 >/dev/null; echo done", "sh -c 'kill -SEGV $$'", "ssh x", "echo a > /dev/stderr; echo b >/dev/stdout", "return 4", "logout", "shopt -s extglob\nls -d !(f1)", "coproc cat; echo ${COPROC[0]}", "enable -n printf; echo $?", "echo still", "printf() { :; }; echo on", "set -t; echo hi"] {
        let a = s.run(c);
        println!("--- {c}\n{} ({:?}, {:?})", a.text, a.took, a.details.end);
    }
}
