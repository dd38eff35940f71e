//! Reasons for which there is no driver to use.

use crate::Version;

/// A library that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Its name or path.
    pub library: String,
    /// The loader's answer.
    pub answer: String,
}

/// The reason for which there is no driver to use: a message for the user, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// No library could be opened.
    #[error("no CUDA driver: looked for {}; install the NVIDIA driver", answers(tried))]
    Library {
        /// The attempts to open it, in turn.
        tried: Vec<Tried>,
    },
    /// The library is none of a CUDA driver, or of one too old.
    #[error(
        "{library} is no CUDA driver that can be used: it has no function {function}; install the \
         NVIDIA driver"
    )]
    Function {
        /// The library.
        library: String,
        /// The function that it lacks.
        function: String,
    },
    /// The driver works and sees no device.
    #[error(
        "CUDA driver {version} ({library}) finds no device{}; see what nvidia-smi lists",
        hidden(visible.as_deref())
    )]
    Device {
        /// The library.
        library: String,
        /// The version that the driver supports.
        version: Version,
        /// `CUDA_VISIBLE_DEVICES`, if it is set.
        visible: Option<String>,
    },
    /// The driver refused a call.
    #[error(
        "the CUDA driver ({library}) answers {function} with {name} ({code}): {text}; {}",
        remedy(*code)
    )]
    Refused {
        /// The library.
        library: String,
        /// The function that was called.
        function: String,
        /// The `CUresult`.
        code: i32,
        /// Its name.
        name: String,
        /// The driver's words for it.
        text: String,
    },
    /// This process has already looked for its driver.
    #[error(
        "{wanted} cannot be opened as the CUDA driver: this process has already looked for \
         {looked_for}; open it before anything else uses CUDA"
    )]
    Decided {
        /// The library that was to be opened.
        wanted: String,
        /// The library that the process searched for before.
        looked_for: String,
    },
    /// This build knows no driver for its system.
    #[error(
        "no CUDA driver: this build is for {system}, and CUDA is used on Linux alone (x86-64 and \
         AArch64)"
    )]
    System {
        /// Operating system and architecture.
        system: String,
    },
}

/// The attempts; neighbours that have the same answer stand together.
fn answers(tried: &[Tried]) -> String {
    let groups = tried.chunk_by(|a, b| a.answer == b.answer).map(|group| {
        let libraries: Vec<&str> = group.iter().map(|one| one.library.as_str()).collect();
        format!("{}: {}", libraries.join(", "), group[0].answer)
    });
    groups.collect::<Vec<_>>().join("; for ")
}

fn hidden(visible: Option<&str>) -> String {
    visible.map_or_else(String::new, |v| format!(" (CUDA_VISIBLE_DEVICES is {v:?})"))
}

/// The remedy for a code, if one is known.
fn remedy(code: i32) -> &'static str {
    match code {
        34 => "it is a toolkit's stub: install the NVIDIA driver",
        803 => {
            "its library and kernel module differ in version: restart, or install the driver again"
        }
        _ => "see whether nvidia-smi works",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_the_same_are_told_once() {
        let tried = |library: &str, answer: &str| Tried {
            library: library.to_owned(),
            answer: answer.to_owned(),
        };
        let missing = Missing::Library {
            tried: vec![
                tried("libcuda.so.1", "cannot open"),
                tried("/a", "not there"),
                tried("/b", "not there"),
            ],
        };
        assert_eq!(
            missing.to_string(),
            "no CUDA driver: looked for libcuda.so.1: cannot open; for /a, /b: not there; install \
             the NVIDIA driver"
        );
    }
}
