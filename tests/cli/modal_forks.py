"""The real `modal` command, loaded once and forked for each command line: loading takes most of a second.

Reads command lines as JSON from standard input; answers each with a line of JSON: exit code and output.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

from modal.__main__ import main


def run(arguments: list[str]) -> dict:
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.argv = ["modal", *arguments]
            code = 1
            try:
                main()
                code = 0
            except SystemExit as stopped:
                if isinstance(stopped.code, str):
                    print(stopped.code, file=sys.stderr)
                code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "output": output.read().decode(errors="replace"),
        }


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
