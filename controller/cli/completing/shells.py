"""The scripts that make a shell ask, and the answers. The shell calls ``trueup`` with a variable set instead of arguments."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, suppress
from io import StringIO

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete, split_arg_string

from controller.cli.settings import Settings

VARIABLE = "_TRUEUP_COMPLETE"
LINE = "_TRUEUP_LINE"

# click's own script hands over words that bash has broken at ":" and "=", which addresses and labels are full of.
_BASH = """\
_trueup_completion() {
    local line="${COMP_LINE:0:COMP_POINT}" breaks="" cut="" kind value word
    word="${line##*[[:space:]]}"
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=":"
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+="="
    [[ -n $breaks ]] && cut="${word%"${word##*[$breaks]}"}"
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            plain) COMPREPLY+=("${value#"$cut"}") ;;
        esac
    done < <(_TRUEUP_LINE="$line" _TRUEUP_COMPLETE=bash_complete "$1" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -o nosort -F _trueup_completion trueup 2>/dev/null || complete -F _trueup_completion trueup
"""
_HOW = {
    "bash": 'eval "$(trueup completion bash)"  # in ~/.bashrc',
    "zsh": 'trueup completion zsh > "${fpath[1]}/_trueup"  # then begin a new shell; compinit must be on',
    "fish": "trueup completion fish > ~/.config/fish/completions/trueup.fish",
}


class _Bash(BashComplete):
    source_template = _BASH.replace("%", "%%")

    def get_completion_args(self) -> tuple[list[str], str]:
        """From the line up to the cursor, as it was typed."""
        line = os.environ.get(LINE, "")
        words = split_arg_string(line)
        incomplete = "" if not words or line[-1].isspace() else words.pop()
        return words[1:], incomplete


SHELLS: Mapping[str, type[ShellComplete]] = {"bash": _Bash, "zsh": ZshComplete, "fish": FishComplete}


def script(shell: str, app: click.Command) -> str:
    """The script for one of SHELLS."""
    made = SHELLS[shell](app, {}, "trueup", VARIABLE)
    return (made.source_template % made.source_vars()).strip() + "\n"


def installing(shell: str) -> str:
    return _HOW[shell]


def answer(app: click.Command, instruction: str) -> int:
    """Print what fits; nothing at all where something is wrong, because an error would be written into the operator's line."""
    shell = SHELLS.get(instruction.partition("_")[0])
    with suppress(Exception), redirect_stderr(StringIO()):
        if shell is not None:
            print(shell(app, {"obj": Settings()}, "trueup", VARIABLE).complete(), file=sys.stdout)
    return 0
