"""Keep a kernel off the network: what its forks print goes over a socket in its private folder, not over a port.

ipykernel listens on a port of this machine for what forked processes print, whatever the transport of the kernel
itself is. The socket is moved before the first cell runs.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

_PATIENCE_S = 10.0


def close_ports() -> None:
    """Move the socket for the output of forks from its port to a file beside the kernel's other sockets."""
    import zmq
    from ipykernel.connect import get_connection_file
    from ipykernel.kernelapp import IPKernelApp

    thread: Any = IPKernelApp.instance().iopub_thread
    stream = getattr(thread, "_pipe_in", None)
    if stream is None:
        return
    address, moved = f"ipc://{Path(get_connection_file()).parent / 'forks'}", threading.Event()

    def move() -> None:
        stream.socket.unbind(stream.socket.getsockopt_string(zmq.LAST_ENDPOINT))
        stream.socket.bind(address)
        moved.set()

    def out() -> tuple[Any, Any]:
        context = zmq.Context()  # a fork cannot use that of its parent
        socket = context.socket(zmq.PUSH)
        socket.linger = 3000
        socket.connect(address)
        return context, socket

    thread._setup_pipe_out = out
    thread.io_loop.add_callback(move)
    if not moved.wait(_PATIENCE_S):
        raise TimeoutError("the kernel did not give up its port")
