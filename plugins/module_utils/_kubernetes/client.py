# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""A thin adapter over the ``kubernetes`` library: plain dictionaries in and out, typed errors.

The library finds the cluster and its credentials; the requests go over its connection pool without its
models and retries, so that a loop with a deadline decides how long an outage is borne.
"""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import importlib
import json
import os
import time
import typing as t
import urllib.parse

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.kubeconfig import client_of

Object = dict[str, t.Any]
"""A Kubernetes object as the API server sends it."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A kind of object and where the API server keeps it."""

    group: str
    version: str
    plural: str
    kind: str

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """Return the URL path of one object, or of the collection when ``name`` is None."""
        parts = ["api", self.version] if not self.group else ["apis", self.group, self.version]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name is not None:
            parts.append(name)
        return "/" + "/".join(urllib.parse.quote(part, safe="") for part in parts)


NO_RESOURCE: t.Final = Resource("", "", "", "")
NAMESPACES: t.Final = Resource("", "v1", "namespaces", "Namespace")
SECRETS: t.Final = Resource("", "v1", "secrets", "Secret")
SERVICES: t.Final = Resource("", "v1", "services", "Service")
PODS: t.Final = Resource("", "v1", "pods", "Pod")
DEPLOYMENTS: t.Final = Resource("apps", "v1", "deployments", "Deployment")
REPLICA_SETS: t.Final = Resource("apps", "v1", "replicasets", "ReplicaSet")
CUSTOM_RESOURCES: t.Final = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"
)
APP_PROJECTS: t.Final = Resource("argoproj.io", "v1alpha1", "appprojects", "AppProject")
APPLICATIONS: t.Final = Resource("argoproj.io", "v1alpha1", "applications", "Application")
APPLICATION_SETS: t.Final = Resource("argoproj.io", "v1alpha1", "applicationsets", "ApplicationSet")


class ApiError(PlatformError):
    """The API server saw the request and refused it; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__("kubernetes_refused", message, status=status)
        self.status = status


class NotFound(ApiError):
    """HTTP 404: no such object."""


class Conflict(ApiError):
    """HTTP 409: the object exists already, or is not at the expected resourceVersion or uid."""


class Forbidden(ApiError):
    """HTTP 403: the credentials do not allow it, or an admission plugin or quota refuses."""


class Invalid(ApiError):
    """HTTP 400 or 422: the object is not valid."""


_REFUSALS: t.Final[dict[int, type[ApiError]]] = {
    400: Invalid,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
}
_BLIND: t.Final = (401, 408, 429)
_KINDS_OF_BODY: t.Final = {"PATCH": "application/merge-patch+json"}
FIELD_MANAGER: t.Final = "bot_freqtrade.platform"


class Cluster:
    """A connection to one API server.

    :param api_client: an ``ApiClient`` of the kubernetes library, already configured.
    :param request_timeout: seconds that one request may take.

    Every method raises ``kubernetes_unreachable`` when no answer came or the answer says nothing about
    the object (connection and TLS errors, timeouts, 401, 408, 429, 5xx), and a subclass of
    :class:`ApiError` when the API server refused.
    """

    def __init__(self, api_client: t.Any, request_timeout: float) -> None:
        self._configuration = api_client.configuration
        self._pool = api_client.rest_client.pool_manager
        self._request_timeout = request_timeout
        self._deadline: float | None = None
        self.server_time: datetime.datetime | None = None
        """The clock of the API server at its last answer, to the second below."""

    def limit(self, deadline: float | None) -> None:
        """Let no later request last beyond ``deadline`` (of ``time.monotonic``)."""
        self._deadline = deadline

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        return self._json(resource, "GET", resource.path(namespace, name))

    def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """Return the objects that match the label and field selectors."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        items: list[Object] = self._json(resource, "GET", resource.path(namespace), query)["items"]
        return items

    def create(self, resource: Resource, namespace: str | None, body: Object) -> Object:
        """Create ``body``; its apiVersion and kind may be left out."""
        group_version = f"{resource.group}/{resource.version}" if resource.group else resource.version
        body = {"apiVersion": group_version, "kind": resource.kind, **body}
        return self._json(resource, "POST", resource.path(namespace), body=body)

    def patch(self, resource: Resource, namespace: str | None, name: str, body: Object) -> Object:
        """Merge ``body`` into the object (RFC 7386), only at the ``metadata.resourceVersion`` it may name."""
        return self._json(resource, "PATCH", resource.path(namespace, name), body=body)

    def apply(
        self, resource: Resource, namespace: str | None, name: str, body: Object, *, dry_run: bool = False
    ) -> Object:
        """Make the object have all that ``body`` says, whoever said otherwise before (server-side apply).

        :param body: complete, with its apiVersion, kind and name.
        :param dry_run: let the API server only say what that would give.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true", "dryRun": "All" if dry_run else ""}
        path = resource.path(namespace, name)
        return self._json(resource, "PATCH", path, query, body, kind="application/apply-patch+yaml")

    def delete(self, resource: Resource, namespace: str | None, name: str, *, uid: str | None = None) -> None:
        """Delete the object, only the one with ``uid`` when that is given."""
        body = {"preconditions": {"uid": uid}} if uid else None
        self._json(resource, "DELETE", resource.path(namespace, name), body=body)

    def ask(self, path: str) -> Object:
        """Return what the API server says about itself, such as at ``/version``."""
        return self._json(NO_RESOURCE, "GET", path)

    def log(self, namespace: str, pod: str, container: str, *, lines: int, previous: bool = False) -> str:
        """Return the last ``lines`` lines of a container, each after its RFC 3339 time and a space.

        :param previous: read the container before its last restart.
        """
        query = {
            "container": container,
            "tailLines": str(lines),
            "limitBytes": "1000000",
            "timestamps": "true",
            "previous": str(previous).lower(),
        }
        path = PODS.path(namespace, pod) + "/log"
        return self._request(PODS, "GET", path, query).decode("utf-8", "replace")

    def _json(
        self,
        resource: Resource,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Object | None = None,
        *,
        kind: str = "",
    ) -> Object:
        try:
            answer: Object = json.loads(self._request(resource, method, path, query, body, kind=kind))
        except ValueError:
            raise _unreachable(method, path, "the answer is not JSON") from None
        return answer

    def _request(
        self,
        resource: Resource,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Object | None = None,
        *,
        kind: str = "",
    ) -> bytes:
        import urllib3

        url = self._configuration.host + path
        arguments = {key: value for key, value in (query or {}).items() if value}
        if arguments:
            url += "?" + urllib.parse.urlencode(arguments)
        try:
            response = self._pool.request(
                method,
                url,
                headers=self._headers(kind or _KINDS_OF_BODY.get(method, "application/json")),
                body=None if body is None else json.dumps(body).encode(),
                timeout=urllib3.Timeout(total=self._seconds()),
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable(method, path, f"{type(error).__name__}: {error}") from None
        self._note_time(response.headers.get("Date"))
        if response.status >= 300:
            raise _refusal(resource, method, path, response.status, response.data)
        data: bytes = response.data
        return data

    def _headers(self, kind: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": kind, "User-Agent": "bot_freqtrade.platform"}
        for setting in self._configuration.auth_settings().values():
            if setting["in"] == "header" and setting["value"]:
                headers[setting["key"]] = setting["value"]
        return headers

    def _seconds(self) -> float:
        if self._deadline is None:
            return self._request_timeout
        return min(self._request_timeout, max(0.1, self._deadline - time.monotonic()))

    def _note_time(self, date: str | None) -> None:
        if date is not None:
            self.server_time = email.utils.parsedate_to_datetime(date)


def connect(
    kubeconfig: str | None = None, context: str | None = None, request_timeout: float = 10
) -> Cluster:
    """Return the cluster of ``kubeconfig``, else of the variable ``KUBECONFIG``, else that of this pod.

    :param kubeconfig: path of a kubeconfig file.
    :param context: context in it; None takes its current one.
    :param request_timeout: seconds that one request may take.
    :raises PlatformError: ``library_missing``, or ``usage`` when no configuration is found or it is wrong.

    No request is made yet.
    """
    try:
        import yaml

        kubernetes: t.Any = importlib.import_module("kubernetes")
    except ImportError as error:
        raise PlatformError("library_missing", f"The Python library kubernetes is missing: {error}") from None
    config = kubernetes.config
    path = kubeconfig or os.environ.get("KUBECONFIG")
    try:
        if path:
            api_client = client_of(path, context)
        else:
            configuration = kubernetes.client.Configuration()
            config.load_incluster_config(client_configuration=configuration)
            api_client = kubernetes.client.ApiClient(configuration)
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError) as error:
        where = f"the kubeconfig {path}" if path else "a kubeconfig or the cluster around this process"
        raise PlatformError("usage", f"Cannot read {where}: {type(error).__name__}") from None
    return Cluster(api_client, request_timeout)


def _unreachable(method: str, path: str, why: str) -> PlatformError:
    return PlatformError("kubernetes_unreachable", f"Cannot {method} {path} of the Kubernetes API: {why}")


def _refusal(resource: Resource, method: str, path: str, status: int, data: bytes) -> PlatformError:
    """Translate an answer that is no success; what the server says about a Secret is left out."""
    why = f"HTTP {status}"
    if resource is not SECRETS:
        why += f": {_message(data)}"
    # A server that is starting answers "404 page not found", no Status, for resources it does not serve yet.
    if status in _BLIND or status >= 500 or (status == 404 and not data.startswith(b"{")):
        return _unreachable(method, path, why)
    text = f"The Kubernetes API refused {method} {path}: {why}"
    return _REFUSALS.get(status, ApiError)(text, status)


def _message(data: bytes) -> str:
    """Return the message of a ``Status`` object, or the start of any other body."""
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data[:200].decode("utf-8", "replace")


__all__ = (
    "APPLICATIONS",
    "APPLICATION_SETS",
    "APP_PROJECTS",
    "CUSTOM_RESOURCES",
    "DEPLOYMENTS",
    "NAMESPACES",
    "PODS",
    "REPLICA_SETS",
    "SECRETS",
    "SERVICES",
    "ApiError",
    "Cluster",
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotFound",
    "Object",
    "Resource",
    "connect",
)
