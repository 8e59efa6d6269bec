#!/usr/bin/env python3
"""peer.py - serves the kanban plugin of hermes-agent as fast as it gets, to be measured beside ours:
its router in a bare application with uvloop and httptools, without authentication and access log.

Prints `listening on http://127.0.0.1:PORT`, as ours does.  HERMES_HOME names its home folder.
"""
import importlib.util
import pathlib
import socket
import sys

import fastapi
import hermes_cli.web_server as web
import uvicorn

web._SESSION_TOKEN = sys.argv[1]
path = pathlib.Path(web.__file__).parents[1] / "plugins/kanban/dashboard/plugin_api.py"
spec = importlib.util.spec_from_file_location("plugin_api", path)
plugin = importlib.util.module_from_spec(spec)
sys.modules["plugin_api"] = plugin
spec.loader.exec_module(plugin)
app = fastapi.FastAPI()
app.include_router(plugin.router, prefix="/api/plugins/kanban")

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 0))
print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="error")
uvicorn.Server(config).run(sockets=[listener])
