"""The control routes: how a script or a test makes things go wrong while the simulator runs."""

from typing import Annotated

import msgspec
from aiohttp import web

from tidemark.simulator.faults import read_fault
from tidemark.simulator.hub import Hub
from tidemark.simulator.recording import read_recorded

CONTROL_PATH = "/_control"
_Rate = Annotated[float, msgspec.Meta(ge=0)]


class Control:
    """Schedules faults, sends messages, and shows the status."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        """Return the control routes."""
        return [
            web.get(f"{CONTROL_PATH}/status", self._status),
            web.get(f"{CONTROL_PATH}/faults", self._fired),
            web.post(f"{CONTROL_PATH}/faults", self._arm),
            web.delete(f"{CONTROL_PATH}/faults", self._disarm),
            web.post(f"{CONTROL_PATH}/messages", self._send),
            web.put(f"{CONTROL_PATH}/rate", self._set_rate),
        ]

    async def _status(self, _: web.Request) -> web.Response:
        return _json(self._hub.status())

    async def _fired(self, _: web.Request) -> web.Response:
        """Return every fault that fired, in order."""
        return _json(self._hub.fired)

    async def _arm(self, request: web.Request) -> web.Response:
        """Arm the fault in the request's body."""
        try:
            self._hub.arm(read_fault(await request.read()))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json({"armed": True}, 201)

    async def _disarm(self, _: web.Request) -> web.Response:
        """Remove every scheduled fault; one that lasts on a connection goes on."""
        self._hub.faults.clear()
        return web.Response(status=204)

    async def _send(self, request: web.Request) -> web.Response:
        """Send the lines of the request's body as a recording is sent."""
        lines = (await request.read()).splitlines()
        for line in lines:
            self._hub.publish(read_recorded(line))
        return _json({"messages": len(lines)})

    async def _set_rate(self, request: web.Request) -> web.Response:
        """Change the rate of the market; 0 stops it."""
        try:
            rate = msgspec.json.decode(await request.read(), type=_Rate)
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        self._hub.set_rate(rate)
        return _json({"rate": rate})


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
