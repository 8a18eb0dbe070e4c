"""The process of the embedded S3: `python -m tidemark.local.s3_process FD` serves on the socket it inherited."""

import logging
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = DomainDispatcherApplication(create_backend_app)
    fd = int(sys.argv[1])
    make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler, fd=fd).serve_forever()
