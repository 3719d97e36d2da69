//! Running a program in a sandbox beside its guest: for people who look into one (`sandbox exec` and `sandbox shell`), and
//! for files.

use std::{io, pin::Pin};

use bollard::{
    container::LogOutput,
    errors::Error,
    exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults},
};
use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWrite;

use crate::Engine;

/// Bytes of output that are read at a time.
const OUTPUT_CAPACITY: usize = 64 << 10;

/// What a program writes, as it comes.
pub type Output = Pin<Box<dyn Stream<Item = io::Result<Piece>> + Send>>;

/// What a program reads.
pub type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// A running program and its streams. Dropping it leaves the program to itself.
pub struct ExecOutput {
    running: Running,
    output: Output,
    input: Input,
}

/// A running program.
pub struct Running {
    engine: Engine,
    exec: String,
}

/// A piece of a program's output.
pub enum Piece {
    /// Of its standard output, or of its terminal.
    Out(bytes::Bytes),
    /// Of its standard error.
    Err(bytes::Bytes),
}

impl Engine {
    /// Starts a program in a running sandbox, on a terminal where asked for.
    pub async fn exec(&self, container: &str, command: Vec<String>, tty: bool) -> Result<ExecOutput, Error> {
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(tty),
            env: tty.then(|| vec!["TERM=xterm-256color".to_owned()]),
            cmd: Some(command),
            ..CreateExecOptions::default()
        };
        let exec = self.docker.create_exec(container, options).await?.id;
        let options = StartExecOptions { output_capacity: Some(OUTPUT_CAPACITY), ..StartExecOptions::default() };
        match self.docker.start_exec(&exec, Some(options)).await? {
            StartExecResults::Attached { output, input } => {
                let output = output.map(|frame| match frame {
                    Ok(LogOutput::StdErr { message }) => Ok(Piece::Err(message)),
                    Ok(frame) => Ok(Piece::Out(frame.into_bytes())),
                    Err(error) => Err(io::Error::other(error)),
                });
                Ok(ExecOutput { running: Running { engine: self.clone(), exec }, output: Box::pin(output), input })
            }
            StartExecResults::Detached => Err(Error::IOError { err: io::Error::other("the engine did not attach") }),
        }
    }
}

impl ExecOutput {
    /// The program's streams, and the program.
    #[must_use]
    pub fn into_parts(self) -> (Output, Input, Running) {
        (self.output, self.input, self.running)
    }

    /// Tells the program its terminal's size.
    pub async fn resize(&self, width: u16, height: u16) -> Result<(), Error> {
        self.running.engine.docker.resize_exec(&self.running.exec, ResizeExecOptions { width, height }).await
    }
}

impl Running {
    /// The program's exit status, once its output has ended.
    pub async fn exit_status(&self) -> Result<i64, Error> {
        Ok(self.engine.docker.inspect_exec(&self.exec).await?.exit_code.unwrap_or(-1))
    }
}
