"""Answers of the Events API that are not as documented."""

import asyncio
import gzip
import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tidemark.simulator.events_api.event import Event
from tidemark.simulator.faults import (
    ApiBadEvent,
    ApiBrokenGzip,
    ApiChallenge,
    ApiHang,
    ApiHtml,
    ApiRedirect,
    ApiRepeatCursor,
    ApiShuffle,
    ApiTruncated,
    PageFault,
)

ABSURD_SECONDS = 10**15
HTML = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Everything is fine.</body></html>"
PROXY = {"Server": "cloudflare", "cf-mitigated": "challenge"}
CHALLENGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    "<body>Enable JavaScript and cookies to continue</body></html>"
)


async def faulty_answer(
    fault: PageFault, page: dict[str, Any], request: web.Request, headers: dict[str, str]
) -> web.StreamResponse:
    """Return the answer to a request that a fault spoils; `page` is the right one."""
    match fault:
        case ApiHtml(status=status):
            return web.Response(text=HTML, status=status, content_type="text/html", headers=headers)
        case ApiChallenge():
            return web.Response(text=CHALLENGE, status=403, content_type="text/html", headers=PROXY)
        case ApiRedirect(location=location, status=status):
            return web.Response(status=status, headers={"Location": location})
        case ApiBrokenGzip() | ApiTruncated():
            return await _cut(page, request, headers, zipped=isinstance(fault, ApiBrokenGzip))
        case ApiHang(hold=hold):
            await asyncio.sleep(hold)
    return web.json_response(faulty_page(fault, page, request.query.get("next")), headers=headers)


def faulty_page(fault: PageFault, page: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    """Return a page that a fault spoils; `cursor` is the one that was asked for."""
    events: list[Event] = page["asset_events"]
    match fault:
        case ApiShuffle():
            return page | {"asset_events": events[1::2] + events[::2]}
        case ApiRepeatCursor() if next_cursor := cursor or page.get("next"):
            return page | {"next": next_cursor}
        case ApiBadEvent(kind=kind, position=position) if events:
            position = min(position, len(events) - 1)
            bad = bad_event(events[position], kind)
            return page | {"asset_events": [*events[:position], bad, *events[position + 1 :]]}
    return page


def bad_event(event: Event, kind: str) -> Event | None:
    """Return an event with one fault of a kind that `ApiBadEvent` names."""
    match kind:
        case "timestamp":
            at = datetime.fromtimestamp(event["event_timestamp"], UTC)
            return event | {"event_timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        case "absurd_time":
            return event | {"event_timestamp": ABSURD_SECONDS, "closing_date": -1}
        case "surrogate":
            name = f"{event['nft']['name']} \ud83d"
            return event | {"nft": event["nft"] | {"name": name, "description": name}}
        case "null":
            return None
    missing = {"no_payment": "payment", "no_order_hash": "order_hash", "no_nft": "nft"}[kind]
    return {name: value for name, value in event.items() if name != missing}


async def _cut(
    page: dict[str, Any], request: web.Request, headers: dict[str, str], *, zipped: bool
) -> web.StreamResponse:
    """Send a part of the body: of gzip without its end, or less than the length that was announced."""
    body = json.dumps(page).encode()
    if zipped:
        broken = gzip.compress(body)[:-12]
        gzipped = headers | {"Content-Encoding": "gzip"}
        return web.Response(body=broken, content_type="application/json", headers=gzipped)
    response = web.StreamResponse(headers=headers | {"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return response
