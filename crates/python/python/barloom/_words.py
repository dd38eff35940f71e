"""Messages that name options of the command line, with Python's names in their place."""

from __future__ import annotations

import re

#: Commands that are functions.
_FUNCTIONS = {"`barloom check`": "`barloom.check`"}

#: Options that take no value, as arguments.
_SWITCHES = {
    "overwrite": "overwrite=True",
    "resume": "resume=True",
    "full": "full=True",
    "no-cache": "cache=False",
    "drop-bad-bars": 'on_bad_bar="drop"',
}

#: A whole command, which is left as it is; or an option, and its value where that is a word such as
#: 1m or cpu, a text in quotes, or a placeholder such as PATH.
_OPTION = re.compile(
    r"""(?P<command>`barloom[ ][^`]*`) | (?<![^\s'"`(])(?:build[ ])?--(?P<name>[a-z][a-z-]*)
        (?:[ ](?:'(?P<text>[^']*)' | (?P<word>[0-9]+[a-z]+|cpu|cuda)\b | [A-Z][A-Z/]*\b))?""",
    re.VERBOSE,
)

#: What keys of TOML are made of.
_TOML = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|\s=\s')


def in_python(message: str) -> str:
    """The message with arguments of Python in place of options: ``--out`` is ``out``,
    ``--overwrite`` is ``overwrite=True``, ``--csv 'skip_rows = 1'`` is ``csv={"skip_rows": 1}``.
    """
    # Blocks of a build are no business of Python's.
    return _OPTION.sub(_argument, message.replace("--chunk-rows, ", ""))


def _argument(option: re.Match[str]) -> str:
    if option["command"]:
        return _FUNCTIONS.get(option["command"], option["command"])
    name, text, word = option["name"], option["text"], option["word"]
    if name in _SWITCHES:
        # What follows is no value.
        return _SWITCHES[name] + option[0].partition("--" + name)[2]
    argument = name.replace("-", "_")
    if name == "csv" and text is not None:
        return f"csv={{{_TOML.sub(_as_python, text)}}}"
    value = text if text is not None else word
    return argument if value is None else f'{argument}="{value}"'


def _as_python(token: re.Match[str]) -> str:
    """A piece of TOML's keys as that of a dict."""
    text = token[0]
    if text.startswith('"'):
        return text
    if not text.strip().isidentifier():
        return ": "
    return {"true": "True", "false": "False"}.get(text, f'"{text}"')
