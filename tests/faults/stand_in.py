"""What the engine does with the plugin in one `up` of one resource, without the engine: thousands of runs in seconds.

The calls are the protocol's own, in the engine's order: a resource that state knows is read first, then compared, then
updated or deleted; state is written when the plugin has answered, and only then. What a partial failure brings is kept,
and the next run takes it up.
"""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import provider_pb2, status_pb2

from components.provider.connections import Connections
from components.provider.kinds import resources
from components.provider.properties import from_struct, to_struct
from components.provider.server import Plugin


class Aborted(Exception):  # noqa: N818 - what gRPC calls it
    """The plugin refused or failed; the message is what an operator reads."""


class _Context:
    """As much of a gRPC context as the plugin uses."""

    def __init__(self) -> None:
        self.detail = b""

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.detail = dict(metadata)["grpc-status-details-bin"]

    def abort(self, _code: object, words: str) -> None:
        raise Aborted(words)


class StandIn:
    """One resource's state in a file, and the plugin in this process."""

    def __init__(self, state: Path, urn: str) -> None:
        self._path = state
        self._urn = urn
        self._plugin = Plugin(resources(Connections()))
        self._state: dict[str, Any] | None = json.loads(state.read_text()) if state.exists() else None

    def up(self, news: dict[str, Any] | None) -> None:
        """Bring the resource to `news`; None: its lines are gone. Raises Aborted."""
        if self._state is not None:
            self._refresh()
        if self._state is None:
            if news is not None:
                self._create(news)
        elif news is None:
            request = provider_pb2.DeleteRequest(
                id=self._state["id"], urn=self._urn, properties=to_struct(self._state["outputs"])
            )
            self._plugin.Delete(request, _Context())
            self._keep(None)
        elif self._state["failed"] or self._differs(news):
            self._update(news)

    def is_settled(self, news: dict[str, Any]) -> bool:
        """Whether a preview with refresh has nothing to say."""
        if self._state is None:
            return False
        self._refresh()
        return self._state is not None and not self._state["failed"] and not self._differs(news)

    def _refresh(self) -> None:
        state = self._state
        assert state is not None
        request = provider_pb2.ReadRequest(
            id=state["id"],
            urn=self._urn,
            properties=to_struct(state["outputs"]),
            inputs=to_struct(state["inputs"]),
        )
        read = self._plugin.Read(request, _Context())
        fresh = {**state, "inputs": from_struct(read.inputs), "outputs": from_struct(read.properties)}
        self._keep(fresh if read.id else None)

    def _differs(self, news: dict[str, Any]) -> bool:
        answer = self._plugin.Diff(self._changed(provider_pb2.DiffRequest, news), _Context())
        assert not answer.replaces
        return bool(answer.changes == provider_pb2.DiffResponse.DIFF_SOME)

    def _create(self, news: dict[str, Any]) -> None:
        context = _Context()
        try:
            made = self._plugin.Create(provider_pb2.CreateRequest(urn=self._urn, properties=to_struct(news)), context)
        except Aborted:
            self._keep_partly(context, news)
            raise
        self._keep({"id": made.id, "inputs": news, "outputs": from_struct(made.properties), "failed": False})

    def _update(self, news: dict[str, Any]) -> None:
        context = _Context()
        try:
            done = self._plugin.Update(self._changed(provider_pb2.UpdateRequest, news), context)
        except Aborted:
            self._keep_partly(context, news)
            raise
        assert self._state is not None
        self._keep({**self._state, "inputs": news, "outputs": from_struct(done.properties), "failed": False})

    def _changed(self, kind: Any, news: dict[str, Any]) -> Any:
        assert self._state is not None
        return kind(
            id=self._state["id"],
            urn=self._urn,
            olds=to_struct(self._state["outputs"]),
            old_inputs=to_struct(self._state["inputs"]),
            news=to_struct(news),
        )

    def _keep_partly(self, context: _Context, news: dict[str, Any]) -> None:
        if not context.detail:
            return
        detail = provider_pb2.ErrorResourceInitFailed()
        assert status_pb2.Status.FromString(context.detail).details[0].Unpack(detail)
        self._keep({"id": detail.id, "inputs": news, "outputs": from_struct(detail.properties), "failed": True})

    def _keep(self, state: dict[str, Any] | None) -> None:
        self._state = state
        if state is None:
            with suppress(FileNotFoundError):
                self._path.unlink()
            return
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}.{secrets.token_hex(3)}")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._path)
