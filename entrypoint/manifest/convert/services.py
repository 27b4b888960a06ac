"""Services and checks of fly.toml → those of a Machine config (flyctl service.go, toplevelcheck.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.durations import format_duration
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.model import Manifest, objects

_AUTOSTOP: Mapping[Json, Json] = {"off": False, "stop": True, "suspend": "suspend"}


def all_services(manifest: Manifest) -> Iterator[Mapping[str, Json]]:
    """http_service as the service that flyctl makes of it, then every [[services]]."""
    http = manifest.values.get("http_service")
    if isinstance(http, Mapping):
        yield http_as_service(http)
    yield from manifest.tables("services")


def http_as_service(http: Mapping[str, Json]) -> JsonObject:
    """HTTPService.ToService: tcp, with ports 80 and 443."""
    common = {"http_options": http["http_options"]} if "http_options" in http else {}
    plain: JsonObject = {"port": 80, "handlers": ["http"], **common}
    if http.get("force_https"):
        plain["force_https"] = True
    secure: JsonObject = {"port": 443, "handlers": ["http", "tls"], **common}
    if "tls_options" in http:
        secure["tls_options"] = http["tls_options"]
    service: JsonObject = {
        key: http[key] for key in http if key not in ("force_https", "tls_options", "http_options")
    }
    service |= {"protocol": "tcp", "ports": [plain, secure]}
    if "checks" in service:
        service["http_checks"] = service.pop("checks")
    return service


def services_for(manifest: Manifest, group: GroupName) -> list[Json]:
    """The group's services, in Machine config form."""
    return [
        _service(service)
        for service in all_services(manifest)
        if manifest.matches(group, service.get("processes"))
    ]


def _service(service: Mapping[str, Json]) -> JsonObject:
    result: JsonObject = {}
    for key in ("protocol", "internal_port"):
        if service.get(key):
            result[key] = service[key]
    if "auto_stop_machines" in service:
        result["autostop"] = _AUTOSTOP[service["auto_stop_machines"]]
    for key, name in (("auto_start_machines", "autostart"), ("min_machines_running", "min_machines_running")):
        if key in service:
            result[name] = service[key]
    ports = [_port(port) for port in objects(service.get("ports"))]
    if ports:
        result["ports"] = ports
    checks = [service_check(check, "tcp") for check in objects(service.get("tcp_checks"))]
    checks += [service_check(check, "http") for check in objects(service.get("http_checks"))]
    if checks:
        result["checks"] = checks
    concurrency = service.get("concurrency")
    if isinstance(concurrency, Mapping):
        result["concurrency"] = {key: value for key, value in concurrency.items() if value}
    result["force_instance_key"] = None
    return result


def _port(port: Mapping[str, Json]) -> JsonObject:
    result: JsonObject = {key: port[key] for key in ("port", "start_port", "end_port") if key in port}
    if port.get("handlers"):
        result["handlers"] = port["handlers"]
    if port.get("force_https"):
        result["force_https"] = True
    tls = port.get("tls_options")
    if isinstance(tls, Mapping):
        result["tls_options"] = {key: value for key, value in tls.items() if value not in ([], ())}
    http = port.get("http_options")
    if isinstance(http, Mapping):
        result["http_options"] = _http_options(http)
    proxy = port.get("proxy_proto_options")
    if isinstance(proxy, Mapping):
        result["proxy_proto_options"] = {key: value for key, value in proxy.items() if value}
    return result


def _http_options(options: Mapping[str, Json]) -> JsonObject:
    result: JsonObject = {}
    for key, value in options.items():
        if key == "response" and isinstance(value, Mapping):
            result[key] = {name: item for name, item in value.items() if item not in ({}, None)}
        elif key == "replay_cache":
            if value:
                result[key] = [_replay_cache(entry) for entry in objects(value)]
        else:
            result[key] = value
    return result


def _replay_cache(entry: Mapping[str, Json]) -> JsonObject:
    """fly-go ReplayCache: all keys are always sent, except allow_bypass."""
    result: JsonObject = {"path_prefix": "", "ttl_seconds": 0, "type": "", "name": ""}
    result |= {key: value for key, value in entry.items() if value or key in result}
    return result


def service_check(check: Mapping[str, Json], kind: str) -> JsonObject:
    """A check of a service. Its headers are sorted by name; flyctl writes them in random order."""
    result: JsonObject = {"type": kind}
    for key, value in check.items():
        if key in ("interval", "timeout", "grace_period") and isinstance(value, int):
            result[key] = format_duration(value)
        elif key == "headers":
            headers = header_list(value)
            if headers:
                result[key] = headers
        else:
            result[key] = value
    return result


def header_list(headers: Json) -> list[Json]:
    """[{name, values}], sorted by name."""
    if not isinstance(headers, Mapping):
        return []
    return [{"name": name, "values": [headers[name]]} for name in sorted(headers)]


def top_checks_for(manifest: Manifest, group: GroupName) -> JsonObject:
    """The group's [checks]. Raises ValueError if one has no type, or no port."""
    http = manifest.values.get("http_service")
    fallback: Json = None
    if isinstance(http, Mapping) and manifest.matches(group, http.get("processes")):
        fallback = http.get("internal_port") or 0
    result: JsonObject = {}
    for name, check in sorted(manifest.table("checks").items()):
        if isinstance(check, Mapping) and manifest.matches(group, check.get("processes")):
            result[name] = _top_check(name, check, fallback, group)
    return result


def _top_check(name: str, check: Mapping[str, Json], fallback: Json, group: GroupName) -> JsonObject:
    kind = check.get("type")
    if kind not in ("http", "tcp"):
        raise ValueError(f"check {name!r} needs type http or tcp")
    result = service_check({k: v for k, v in check.items() if k not in ("type", "processes")}, str(kind))
    method = result.get("method")
    if isinstance(method, str):
        result["method"] = method.upper()
    if "port" not in result:
        if fallback is None:
            raise ValueError(f"check {name!r} has no port, and {group!r} has no http_service to take it from")
        result["port"] = fallback
    return result
