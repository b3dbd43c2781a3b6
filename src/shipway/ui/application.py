"""The server's answers: pages, the stream of each, and what buttons start."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from shipway.errors import ShipwayError
from shipway.reports.html import address_parts
from shipway.reports.pages import LivePage, content_policy, render_page
from shipway.ui.access import HEADERS, KEY_HEADER, Access, Asked, Refusal
from shipway.ui.commands import CommandRunner
from shipway.ui.pages import ACTIONS, Pages

_LARGEST_FORM = 10_000  # bytes
_QUIET = 15.0  # seconds after which a stream says that it is still there
_STATUSES = {Refusal.HOST: 421, Refusal.KEY: 401}
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class UiServer:
    """What is served. every: seconds between two looks at what may have changed. stopping: whether
    the server is about to end."""

    access: Access
    pages: Pages
    commands: CommandRunner
    name: str
    every: float = 1.0
    stopping: Callable[[], bool] = lambda: False

    def application(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/session", self._sign_in, methods=["POST"]),
            Route("/events", self._events, methods=["GET"]),
            Route("/environments/{name}/{command}", self._act, methods=["POST"]),
            Route("/{path:path}", self._page, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def _page(self, request: Request) -> Response:
        refusal = self.access.refuse_reader(_asked(request, self.access))
        if refusal is Refusal.KEY:
            page = render_page("sign-in", "Sign in", self.name, LivePage(""))
            return _html(page, 401)
        if refusal:
            return _refused(refusal)
        # The raw path: a slash within a name is quoted, and does not part it.
        path = address_parts(_raw_path(request))
        status, html = await run_in_threadpool(self.pages.html, path, dict(request.query_params))
        return _html(html, status)

    async def _sign_in(self, request: Request) -> Response:
        asked = _asked(request, self.access)
        key = request.headers.get(KEY_HEADER, "")
        if refusal := self.access.refuse_sign_in(asked, key):
            return _refused(refusal)
        response = Response(status_code=204, headers=HEADERS)
        response.set_cookie(
            self.access.cookie, self.access.key, httponly=True, samesite="strict", path="/"
        )
        return response

    async def _act(self, request: Request) -> Response:
        form = await _form(request)
        token = form.get("token", "")
        if refusal := self.access.refuse_action(_asked(request, self.access), token):
            return _refused(refusal)
        parts = address_parts(_raw_path(request))
        name, command = parts[1], parts[-1]
        if command not in ACTIONS or len(parts) != 3:
            status, html = self.pages.html(["none"], {})
            return _html(html, status)
        try:
            answer = form.get("confirmed", "")
            started = await run_in_threadpool(self._start, name, command, answer)
        except (KeyError, ShipwayError) as error:
            notice = f"{error.message}. {error.remedy}" if isinstance(error, ShipwayError) else ""
            status, html = await run_in_threadpool(self.pages.html, parts, {}, notice)
            return _html(html, 409 if status == 200 else status)
        return RedirectResponse(f"/commands/{quote(started)}", 303, headers=HEADERS)

    def _start(self, name: str, command: str, answer: str) -> str:
        action = self.pages.confirmed_action(name, command, answer)
        return self.commands.start(name, command, action.options)

    async def _events(self, request: Request) -> Response:
        if refusal := self.access.refuse_reader(_asked(request, self.access)):
            return _refused(refusal)
        try:
            address = urlsplit(request.query_params.get("page", "/"))
        except ValueError:  # no address at all
            status, html = await run_in_threadpool(self.pages.html, ["events"], {})
            return _html(html, status)
        path = address_parts(address.path)
        query = dict(parse_qsl(address.query))
        return StreamingResponse(
            self._changes(request, path, query), media_type="text/event-stream", headers=HEADERS
        )

    async def _changes(
        self, request: Request, path: list[str], query: dict[str, str]
    ) -> AsyncIterator[str]:
        """The page's part, whenever it is another one, until it does not change any more."""
        yield "retry: 2000\n\n"
        last, quiet = "", 0.0
        while not self.stopping() and not await request.is_disconnected():
            part, over = await run_in_threadpool(self.pages.part, path, query)
            quiet += self.every
            if part != last:
                yield f"event: part\ndata: {json.dumps(part)}\n\n"
                last, quiet = part, 0.0
            elif quiet >= _QUIET:
                yield ": nothing new\n\n"
                quiet = 0.0
            if over:
                yield "event: end\ndata: {}\n\n"
                return
            await asyncio.sleep(self.every)


def _asked(request: Request, access: Access) -> Asked:
    headers = request.headers
    return Asked(
        host=headers.get("host", ""),
        origin=headers.get("origin", ""),
        site=headers.get("sec-fetch-site", ""),
        cookie=request.cookies.get(access.cookie, ""),
    )


def _raw_path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or quote(request.url.path).encode()
    return raw.decode("ascii", "replace").partition("?")[0]


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form. What is too long is no form of ours, and has none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("ascii", "replace")))


def _html(text: str, status: int = 200) -> HTMLResponse:
    policy = {"Content-Security-Policy": content_policy()}
    return HTMLResponse(text, status, headers={**HEADERS, **policy})


def _refused(refusal: Refusal) -> Response:
    status = _STATUSES.get(refusal, 403)
    return Response(f"{refusal}\n", status, headers=HEADERS, media_type="text/plain")
