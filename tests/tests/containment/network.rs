//! The default sandbox reaches nothing.

use super::written_inside;

#[test]
fn there_is_no_network_but_the_sandbox_s_own() {
    let Some(interfaces) = written_inside("ls /sys/class/net") else { return };
    assert_eq!(interfaces, "lo\n");
}

#[test]
fn there_is_no_route_to_anywhere() {
    let routes =
        "tail -n +2 /proc/net/route; grep -v ' lo$' /proc/net/ipv6_route 2>/dev/null; head -c 5 /proc/net/route";
    let Some(routes) = written_inside(routes) else { return };
    assert_eq!(routes.trim_end(), "Iface", "the table is there, and has no line but its head");
}

#[test]
fn a_connection_to_the_outside_fails_at_once() {
    let tries = "for address in 192.0.2.1/80 172.17.0.1/2375 169.254.169.254/80; do
        (exec 3<>/dev/tcp/$address) 2>&1 | grep -om1 'Network is unreachable'
    done";
    let Some(tries) = written_inside(tries) else { return };
    assert_eq!(tries, "Network is unreachable\n".repeat(3));
}
