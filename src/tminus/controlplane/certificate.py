"""The certificate of tunnels: for 127.0.0.1, signed by itself, made once for a state folder."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from pathlib import Path

from tminus.controlplane.blobs import LOOPBACK

CERTIFICATE = "certificate.pem"
_KEY = "key.pem"
VALID_DAYS = 3650
TIMEOUT_S = 30.0


def server_context(folder: Path, *, h2: bool) -> ssl.SSLContext:
    """What a TLS server needs; makes key and certificate where there are none. Blocks.

    Args:
        folder: Where they are, for their owner alone.
        h2: Whether HTTP/2 is offered.

    Raises:
        OSError: They cannot be made; the text says what to do.
    """
    if not (folder / CERTIFICATE).exists():
        _make(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATE, folder / _KEY)
    if h2:
        context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _make(folder: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise OSError(
            "an encrypted tunnel needs a certificate, and openssl, which makes it, is not installed "
            "(Debian, Ubuntu: apt-get install openssl)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    key, part = folder / _KEY, folder / f".{CERTIFICATE}"
    # openssl writes into the file as it finds it: so nobody else can read the key at any time.
    os.close(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600))
    done = subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", str(key), "-out", str(part), "-days", str(VALID_DAYS),
            "-subj", "/CN=tminus local", "-addext", f"subjectAltName=IP:{LOOPBACK}",
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )  # fmt: skip
    if done.returncode != 0:
        raise OSError(f"openssl made no certificate for tunnels: {done.stderr.strip()[-500:]}")
    part.replace(folder / CERTIFICATE)
