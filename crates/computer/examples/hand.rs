#![allow(clippy::all, clippy::print_stdout, clippy::unwrap_used, missing_docs)]
use std::os::fd::AsFd;
use handspike_computer::*;
use handspike_types::computer::*;
use handspike_types::*;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut c = Computer::connect(&args[0], ComputerConfig::default()).unwrap();
    let fd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    for a in &args[1..] {
        let (k, v) = a.split_once('=').unwrap_or((a, ""));
        let pt = || { let (x, y) = v.split_once(',').unwrap(); Point { x: x.parse().unwrap(), y: y.parse().unwrap() } };
        let action = match k {
            "key" => ComputerAction::Key(v.into()),
            "type" => ComputerAction::Type(v.into()),
            "file" => ComputerAction::Type(std::fs::read_to_string(v).unwrap()),
            "move" => ComputerAction::MouseMove(pt()),
            "drag" => ComputerAction::LeftClickDrag(pt()),
            "click" => ComputerAction::Click(Click::Left),
            "right" => ComputerAction::Click(Click::Right),
            "double" => ComputerAction::Click(Click::Double),
            "shot" => { let f = c.desktop().capture().unwrap(); std::fs::write(v, f.to_png().unwrap()).unwrap(); continue }
            "wait" => { std::thread::sleep(std::time::Duration::from_millis(v.parse().unwrap())); continue }
            _ => panic!("{a}"),
        };
        let t = std::time::Instant::now();
        let o = c.run(&action, fd.as_fd());
        println!("{k} {:?}: {} {:?}", t.elapsed(), o.joined_text(), match &o.details { Some(ToolDetails::Computer(d)) => format!("{:?}", d.pointer), _ => String::new() });
    }
}
