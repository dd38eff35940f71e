"""Compiles CUDA C++ to PTX with NVRTC. `cargo xtask ptx` runs it:

    nvrtc.py LIBRARY < request.json > answer.json

Request: {"name": str, "source": str, "headers": {name: text}, "options": [str]}.
Answer: {"ptx": str, or null where the source does not compile, "log": str}.

Sources come as text, so that no path of this machine can reach the compiler or the PTX.
"""

import ctypes
import json
import sys


def main():
    path, request = sys.argv[1], json.load(sys.stdin)
    try:
        nvrtc = ctypes.CDLL(path)
    except OSError as error:
        sys.exit(f"can't load NVRTC: {error}")
    nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p

    def call(name, *arguments):
        status = getattr(nvrtc, name)(*arguments)
        if status != 0:
            sys.exit(f"{name}: {nvrtc.nvrtcGetErrorString(status).decode()}")

    def text(size_name, get_name):
        size = ctypes.c_size_t()
        call(size_name, program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        call(get_name, program, buffer)
        return buffer.value.decode()

    names = sorted(request["headers"])
    program = ctypes.c_void_p()
    call(
        "nvrtcCreateProgram",
        ctypes.byref(program),
        request["source"].encode(),
        request["name"].encode(),
        len(names),
        strings(request["headers"][name] for name in names),
        strings(names),
    )
    options = request["options"]
    compiled = nvrtc.nvrtcCompileProgram(program, len(options), strings(options))
    log = text("nvrtcGetProgramLogSize", "nvrtcGetProgramLog")
    if compiled != 0 and not log:
        log = nvrtc.nvrtcGetErrorString(compiled).decode()
    ptx = text("nvrtcGetPTXSize", "nvrtcGetPTX") if compiled == 0 else None
    json.dump({"ptx": ptx, "log": log}, sys.stdout)


def strings(texts):
    """A `const char *const *`."""
    encoded = [text.encode() for text in texts]
    return (ctypes.c_char_p * len(encoded))(*encoded)


if __name__ == "__main__":
    main()
