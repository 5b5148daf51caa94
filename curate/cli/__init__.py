"""The command line. Each command is a file; heavy libraries are imported inside the function that needs them.

stdout is data, stderr is narration. Exit codes: 0 done · 1 done, with findings · 2 usage or config · 3 input
unreadable · 4 output not writable or locked · 5 a stage failed · 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from curate import __version__
from curate.cli.audit import audit
from curate.cli.compare import compare
from curate.cli.diff import diff
from curate.cli.eval import evaluate
from curate.cli.export import export
from curate.cli.generate import generate
from curate.cli.init import init
from curate.cli.judge import judge
from curate.cli.run import run
from curate.cli.schema import schema
from curate.cli.split import split
from curate.cli.stages import stages
from curate.cli.train import train
from curate.cli.validate import validate
from curate.cli.verify import verify
from curate.cli.why import why
from curate.errors import CurateError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="curate")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(*, debug: bool) -> None:
    """Turn raw dumps of instruction data into a small set worth fine-tuning on.

    \b
    curate run pipelines/lima_1k.yaml DUMPS... --out DIR   make a set
    curate why DIR ID                                       ask what became of a record
    curate stages                                           see what a pipeline can be made of
    """
    del debug


for command in (run, audit, compare, why, diff, stages, schema, validate, init, verify, split, export, train, evaluate,
                generate, judge):  # fmt: skip
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    # Ended by the system or by a person, a run stops the same way and can be resumed.
    signal.signal(signal.SIGTERM, _interrupt)
    _tune()
    debug = "--debug" in sys.argv
    try:
        code = cli.main(prog_name="curate", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = 2
    except click.ClickException as error:
        _complain(error.format_message())
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(f"see `{error.ctx.command_path} --help`", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; run the same command again to go on from the last finished stage", err=True)
        code = 130
    except BrokenPipeError:
        # Whoever read our output has gone away: nothing is left to say to them.
        _mute()
        code = 0
    except OSError as error:
        if debug or error.filename is not None:
            raise
        _mute()
        _complain(f"standard output cannot be written: {error.strerror}")
        code = 4
    except CurateError as error:
        if debug:
            raise
        _complain(str(error))
        code = error.exit_code
    sys.exit(code or 0)


def _tune() -> None:
    """Set up this process for libraries that read it when they are loaded, which is later."""
    # Else OpenBLAS's threads, done with one product of matrices, spin for tens of milliseconds in wait of the next one.
    # Two to the power of this many cycles.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    # Polars gives memory back to the system half a second after its use, and asks for it again for the next shard:
    # a page fault for every 4 KiB. Ten times as long halves them, for 2% more memory at the peak of a run.
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:5000")


def _mute() -> None:
    """Let what is still to be written to stdout go nowhere, so that the end of the program cannot fail on it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    from curate.cli.console import printable

    click.echo("\n".join(f"error: {printable(line)}" for line in message.split("\n")), err=True)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    del signum, frame
    raise KeyboardInterrupt
