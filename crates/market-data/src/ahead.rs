//! A stream that a thread of its own reads ahead: it is unpacked while what came of it is used.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Bytes that are handed over at once.
const CHUNK: usize = 1 << 20;

/// Chunks that are read beyond the one in use.
const AHEAD: usize = 3;

/// Bytes that another thread reads ahead.
pub(crate) struct Ahead {
    chunks: Receiver<io::Result<Vec<u8>>>,
    used: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
    /// The error that ended the stream, which every further read repeats.
    failed: Option<(io::ErrorKind, String)>,
}

/// Uses a stream that another thread reads meanwhile. That one ends when the stream does, or with
/// its use once the stream gives something: of a pipe that stays open without a word, it waits.
pub(crate) fn read_ahead<T>(mut stream: impl Read + Send, take: impl FnOnce(Ahead) -> T) -> T {
    let open = move |fill: &mut dyn FnMut(&mut dyn Read)| {
        fill(&mut stream);
        Ok(())
    };
    read_ahead_of(open, take)
}

/// Uses a stream as [`read_ahead`] does, which is opened on that thread.
pub(crate) fn read_ahead_of<T>(
    open: impl FnOnce(&mut dyn FnMut(&mut dyn Read)) -> io::Result<()> + Send,
    take: impl FnOnce(Ahead) -> T,
) -> T {
    let (send, chunks) = sync_channel(AHEAD);
    let (used, free) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            if let Err(error) = open(&mut |stream| fill(stream, &send, &free)) {
                // Nobody may take it any more.
                let _ = send.send(Err(error));
            }
        });
        take(Ahead { chunks, used, chunk: Vec::new(), at: 0, failed: None })
    })
}

/// Sends chunk after chunk, and at last why there is none, unless it is the end.
fn fill(stream: &mut dyn Read, send: &SyncSender<io::Result<Vec<u8>>>, free: &Receiver<Vec<u8>>) {
    loop {
        let mut chunk = free.try_recv().unwrap_or_default();
        chunk.clear();
        let read = stream.take(CHUNK as u64).read_to_end(&mut chunk);
        let ended = read.is_err() || chunk.len() < CHUNK;
        // Nobody takes it any more if this fails.
        if send.send(Ok(chunk)).is_err() {
            return;
        }
        if let Err(error) = read {
            let _ = send.send(Err(error));
        }
        if ended {
            return;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            if let Some((kind, problem)) = &self.failed {
                return Err(io::Error::new(*kind, problem.clone()));
            }
            let next = match self.chunks.recv() {
                Ok(Ok(next)) => next,
                Ok(Err(error)) => {
                    self.failed = Some((error.kind(), error.to_string()));
                    continue;
                }
                Err(_) => return Ok(0),
            };
            let before = std::mem::replace(&mut self.chunk, next);
            self.at = 0;
            // The other thread may have ended.
            let _ = self.used.send(before);
        }
        let count = buffer.len().min(self.chunk.len() - self.at);
        buffer[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_read_in_order_and_errors_come_at_their_place() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK + 5] {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 7 / 3) as u8).collect();
            let read = |ends_well: bool| {
                let fault = io::Error::other("broken");
                let end = Broken((!ends_well).then_some(fault));
                read_ahead(bytes.chain(end), |mut ahead| {
                    let mut all = Vec::new();
                    let read = ahead.read_to_end(&mut all);
                    let told = |error: io::Error| (error.kind(), error.to_string());
                    // It does not become the end by being told.
                    let again = ahead.read(&mut [0]).map_err(told);
                    assert_eq!(
                        again,
                        read.as_ref().map(|_| 0).map_err(|e| (e.kind(), e.to_string()))
                    );
                    (all, read.map_err(|error| error.to_string()))
                })
            };
            assert_eq!(read(true), (bytes.clone(), Ok(length)));
            assert_eq!(read(false), (bytes.clone(), Err("broken".into())));
        }
    }

    #[test]
    fn a_stream_need_not_be_used_up() {
        let first = read_ahead(io::repeat(7), |mut ahead| {
            let mut byte = [0];
            ahead.read_exact(&mut byte).map(|()| byte[0])
        });
        assert_eq!(first.unwrap(), 7);
    }

    /// An error, once.
    struct Broken(Option<io::Error>);

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.take().map_or(Ok(0), Err)
        }
    }
}
