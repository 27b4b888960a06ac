"""The other cases of rules that have several: level, place and words. The pages' examples are the first case of each."""

from __future__ import annotations

import pytest

from entrypoint.manifest.read import read

GROUPS = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
HTTP = "[http_service]\ninternal_port = 8080\n"
TCP = '[[services]]\nprotocol = "tcp"\ninternal_port = 9000\n'
MOUNT = '[[mounts]]\nsource = "data"\ndestination = "/data"\n'


def found(toml: str, rule: str) -> list[tuple[str, int, str]]:
    """Level, line and message of the rule's findings."""
    return [
        (f.severity.value, f.span.line if f.span else 0, f.message)
        for f in read(toml, file="fly.toml").findings
        if f.rule == rule
    ]


CASES = {
    "one port twice, two internal ports": (
        "external-port-overlap",
        HTTP + TCP + "[[services.ports]]\nport = 443",
        (
            "error",
            7,
            "external port 443/tcp is claimed for internal port 8080 at line 1 and for 9000 at line 7",
        ),
    ),
    "a range over a port": (
        "external-port-overlap",
        TCP + "[[services.ports]]\nstart_port = 8080\nend_port = 8090\n"
        '[[services]]\nprotocol = "tcp"\ninternal_port = 7\n[[services.ports]]\nport = 8085',
        (
            "error",
            11,
            "external port 8085/tcp is claimed for internal port 9000 at line 5 and for 7 at line 11",
        ),
    ),
    "two ranges": (
        "external-port-overlap",
        TCP + "[[services.ports]]\nstart_port = 10\nend_port = 20\n"
        '[[services]]\nprotocol = "tcp"\ninternal_port = 7\n[[services.ports]]\nstart_port = 15\nend_port = 30',
        (
            "error",
            11,
            "external ports 15 to 20/tcp are claimed for internal port 9000 at line 5 and for 7 at line 11",
        ),
    ),
    "one port twice in one service": (
        "external-port-overlap",
        TCP + "[[services.ports]]\nport = 7\n[[services.ports]]\nport = 7",
        ("warning", 7, "external port 7/tcp is claimed at lines 5 and 7, for the same internal port"),
    ),
    "http_service and a service for the same port": (
        "external-port-overlap",
        HTTP + TCP.replace("9000", "8080") + '[[services.ports]]\nport = 443\nhandlers = ["tls"]',
        (
            "warning",
            7,
            "external port 443/tcp is claimed at lines 1 and 7, for the same internal port with other handlers",
        ),
    ),
    "one service of two groups": (
        "external-port-overlap",
        GROUPS + HTTP + 'processes = ["web", "worker"]',
        ("notice", 6, "machines of `web`, `worker` share this traffic"),
    ),
    "the upper of the two is named, whatever the order of sections": (
        "external-port-overlap",
        TCP + "[[services.ports]]\nport = 80\n" + HTTP,
        (
            "error",
            6,
            "external port 80/tcp is claimed for internal port 9000 at line 5 and for 8080 at line 6",
        ),
    ),
    "vm of no group": (
        "unknown-group",
        '[[vm]]\nsize = "shared-cpu-1x"\nprocesses = ["nope"]',
        ("warning", 3, "there is no group `nope`: this section is dropped for it"),
    ),
    "a service's group is flyctl's to reject": (
        "unknown-group",
        HTTP + 'processes = ["web"]',
        ("error", 3, "there is no group `web`"),
    ),
    "range backwards": (
        "port-range",
        TCP + "[[services.ports]]\nstart_port = 9\nend_port = 8",
        ("error", 6, "the range ends at 8, before 9"),
    ),
    "no protocol": (
        "service-protocol",
        "[[services]]\ninternal_port = 1\n[[services.ports]]\nport = 443",
        ("warning", 1, "this service has no protocol"),
    ),
    "a port without a number": (
        "port-range",
        TCP + '[[services.ports]]\nhandlers = ["http"]',
        ("error", 4, "this port has no number"),
    ),
    "half a port": (
        "port-range",
        TCP.replace("9000", "90.5"),
        ("warning", 3, "`90.5` is rounded down to 90"),
    ),
    "an unknown kind of CPU": (
        "vm-cpus",
        '[[vm]]\ncpu_kind = "perfomance"\nmemory = "2gb"',
        ("error", 2, "there is no kind of CPU `perfomance`"),
    ),
    "a folder that flyctl would upload": (
        "statics",
        '[[statics]]\nguest_path = "public"\nurl_prefix = "/s"',
        (
            "warning",
            2,
            "guest_path `public` is not absolute: flyctl uploads such a folder to Tigris, Flightplan does not",
        ),
    ),
    "one file twice": (
        "files-entry",
        '[[files]]\nguest_path = "/a"\nraw_value = "1"\n[[files]]\nguest_path = "/a"\nraw_value = "2"',
        ("warning", 5, "`/a` is written at line 2 too, and this one counts"),
    ),
    "udp is not started": (
        "udp-service",
        '[[services]]\nprotocol = "udp"\ninternal_port = 1\nauto_stop_machines = "stop"',
        ("warning", 4, "a stopped machine is not started by UDP traffic"),
    ),
    "soft above hard": (
        "concurrency",
        HTTP + "concurrency = { soft_limit = 30, hard_limit = 10 }",
        ("warning", 3, "soft_limit 30 is above hard_limit 10, and is never reached"),
    ),
    "nothing to keep running": (
        "min-machines-running",
        HTTP + 'auto_stop_machines = "off"\nmin_machines_running = 1',
        ("notice", 4, 'this has no effect with auto_stop_machines = "off"'),
    ),
    "nobody to count": (
        "min-machines-running",
        TCP + "min_machines_running = 1",
        ("notice", 4, "this has no effect on a service without ports"),
    ),
    "CPUs without memory": (
        "vm-default-size",
        '[[vm]]\ncpu_kind = "shared"\ncpus = 1',
        ("warning", 1, "this [[vm]] names no memory, and so gives its machines 256 MB"),
    ),
    "too large to suspend": (
        "suspend-limits",
        HTTP + 'auto_stop_machines = "suspend"\n[[vm]]\nmemory = "4gb"\nsize = "shared-cpu-2x"',
        ("warning", 3, "machines of `app` have 4096 MB, and above 2048 MB none is suspended"),
    ),
    "scale to zero by exiting": (
        "restart-mismatch",
        HTTP + 'auto_stop_machines = "stop"\n[[restart]]\npolicy = "always"',
        ("notice", 5, "an app of `app` that exits when idle is started again at once"),
    ),
    "a check's milliseconds that are nanoseconds": (
        "duration-unit",
        HTTP + "[[http_service.checks]]\ninterval = 10000",
        ("warning", 4, "interval = 10000 means 10000 nanoseconds"),
    ),
    "not a multiple": (
        "vm-memory",
        '[[vm]]\nsize = "shared-cpu-1x"\nmemory = "700mb"',
        ("error", 3, "700 MB is not a multiple of 256"),
    ),
    "performance is larger": (
        "vm-memory",
        '[[vm]]\ncpu_kind = "performance"',
        ("error", 2, "1 performance CPU with 256 MB: the API takes 2048 to 8192 MB"),
    ),
    "no memory at all": (
        "vm-size",
        '[[vm]]\nmemory = "lots"',
        ("error", 2, "`lots` is not an amount of memory"),
    ),
    "a size for the release command": (
        "vm-size",
        '[deploy.release_command_vm]\nsize = "nope"',
        ("error", 2, "there is no size `nope`"),
    ),
    "two vm for one group": (
        "duplicate-section",
        GROUPS
        + '[[vm]]\nsize = "shared-cpu-1x"\nprocesses = ["web"]\n[[vm]]\nsize = "shared-cpu-2x"\nprocesses = ["web"]',
        ("warning", 7, "the [[vm]] at line 4 is for `web` too, and this one replaces it"),
    ),
    "no source": (
        "mount-fields",
        '[[mounts]]\ndestination = "/data"',
        ("error", 1, "this mount has no source"),
    ),
    "over the root": (
        "mount-fields",
        '[[mounts]]\nsource = "d"\ndestination = "/"',
        ("error", 3, "a volume cannot be mounted over the whole file system"),
    ),
    "bluegreen with a volume": (
        "bluegreen",
        '[deploy]\nstrategy = "bluegreen"\n' + MOUNT + '[checks.up]\ntype = "tcp"\nport = 1',
        ("error", 3, "bluegreen cannot deploy `app`: it has a volume"),
    ),
    "bluegreen with half the checks": (
        "bluegreen",
        '[deploy]\nstrategy = "bluegreen"\n'
        + GROUPS
        + '[checks.up]\ntype = "tcp"\nport = 1\nprocesses = ["web"]',
        ("warning", 2, "bluegreen swaps the machines of worker without any check"),
    ),
    "one and a half machines": (
        "max-unavailable",
        "[deploy]\nmax_unavailable = 1.5",
        ("warning", 2, "1.5 machines are rounded down to 1"),
    ),
    "not looked at": (
        "max-unavailable",
        '[deploy]\nstrategy = "immediate"\nmax_unavailable = 1',
        ("warning", 3, "strategy immediate does not use max_unavailable"),
    ),
    "a variable": (
        "shell-syntax",
        '[processes]\nweb = "bin/web -p $PORT"',
        ("warning", 2, "this command is not run by a shell: `$PORT` is passed to it unchanged"),
    ),
    "a group without words": (
        "empty-command",
        '[processes]\nweb = "  "',
        ("warning", 2, "this command has no words, and so the image's own command runs"),
    ),
    "a password in a URL": (
        "secret-in-env",
        '[env]\nDB = "postgres://shop:hunter2@db/shop"',
        ("warning", 2, "`DB` looks like a secret, and [env] is readable by everyone who reads the file"),
    ),
    "a secret in the image": (
        "secret-in-env",
        '[build.args]\nNPM_TOKEN = "npm_0123456789"',
        ("warning", 2, "`NPM_TOKEN` looks like a secret, and build args stay in the image"),
    ),
    "comments only": (
        "empty-file",
        "\n# made by a template\n",
        (
            "error",
            1,
            "fly.toml sets nothing: a deploy would leave one group without services, checks and mounts",
        ),
    ),
    "a TCP check of no service": (
        "orphan-check",
        HTTP + '[[services.tcp_checks]]\ninterval = "10s"\n',
        ("warning", 3, "this check makes a second service, without a port, and never passes"),
    ),
    "one name, two disks": (
        "mount-shared",
        GROUPS + MOUNT + 'processes = ["web"]\n' + MOUNT + 'processes = ["worker"]',
        ("notice", 9, "this is not the volume of line 5: `worker` gets disks of its own"),
    ),
    "Fly's own": ("env-reserved", '[env]\nFLY_X = "1"', ("warning", 2, "names like `FLY_X` are Fly's own")),
    "a prefix twice": (
        "statics",
        '[[statics]]\nguest_path = "/a"\nurl_prefix = "/s"\n[[statics]]\nguest_path = "/b"\nurl_prefix = "/s"',
        ("warning", 6, "`/s` is served at line 3 already"),
    ),
    "two contents": (
        "files-entry",
        '[[files]]\nguest_path = "/a"\nsecret_name = "S"\nraw_value = "x"',
        ("warning", 4, "raw_value is ignored: secret_name is the content"),
    ),
    "an odd name": (
        "group-name",
        '[processes]\n"my web" = "x"',
        ("warning", 2, "the name `my web` has more than letters, digits, - and _"),
    ),
    "no such container": (
        "machine-config",
        'container = "web"\nmachine_config = \'{"containers": [{"name": "app"}]}\'',
        ("error", 1, "container 'web' is not in machine_config"),
    ),
    "a wrong type inside": (
        "machine-config",
        'machine_config = \'{"guest": {"cpus": "two"}}\'',
        ("error", 1, "machine_config: cpus must be a whole number"),
    ),
    "what fly.toml overrules": (
        "machine-config",
        'machine_config = \'{"env": {"A": "1"}, "guest": {}}\'',
        ("warning", 1, "env in machine_config never reaches a machine"),
    ),
    "swallowed by a check": (
        "misplaced-key",
        HTTP + "[[http_service.checks]]\npath = '/up'\nforce_https = true",
        ("warning", 5, "`force_https` at line 5 belongs to `[[http_service.checks]]` here"),
    ),
    "a section in a section": (
        "misplaced-key",
        '[vm]\nsize = "shared-cpu-1x"\n[vm.mounts]\nsource = "d"',
        ("warning", 3, "`mounts` at line 3 belongs to `[[vm]]` here"),
    ),
    "from before Machines": (
        "unknown-key",
        "[experimental]\nallowed_public_ports = []",
        ("notice", 2, "flyctl ignores `allowed_public_ports`: `[experimental]` has no such key"),
    ),
    "concurrency as a string": (
        "legacy-form",
        TCP + 'concurrency = "20,25"',
        ("notice", 4, "concurrency as a string is an older form"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_found_at_the_line_with_the_level(case: str) -> None:
    rule, toml, expected = CASES[case]
    assert found(toml, rule) == [expected]


HEALTHY = {
    "tcp and udp on one port": 'app = "a"\n'
    '[[services]]\nprotocol = "tcp"\ninternal_port = 53\n[[services.ports]] # flightplan: ignore[dedicated-ip]\nport = 53\n'
    '[[services]]\nprotocol = "udp"\ninternal_port = 53\n[[services.ports]]\nport = 53\n',
    "the file that fly launch writes": 'app = "shop"\nprimary_region = "iad"\n[build]\n[http_service]\n  internal_port = 8080\n'
    "  force_https = true\n  auto_stop_machines = 'stop'\n  auto_start_machines = true\n  min_machines_running = 0\n"
    "  processes = ['app']\n[[vm]]\n  memory = '1gb'\n  cpu_kind = 'shared'\n  cpus = 1\n",
    "shell words that a shell reads": "[processes]\nweb = \"/bin/sh -c 'cd /app && exec bin/web -p $PORT'\"\n",
    "shell words that a buildpack's launcher reads": '[build]\nbuilder = "heroku/builder:24"\n[processes]\nweb = "bin/web -p $PORT"\n',
    "public keys": '[env]\nNEXT_PUBLIC_API_KEY = "pk_live_0123456789"\nAWS_ACCESS_KEY_ID = "AKIA0123456789"\nTOKEN = "/run/token"\n',
    "keys that flyctl's migrations move": "[experimental]\nkill_timeout = '10s'\nmetrics_port = 1\nmetrics_path = '/m'\n",
    "the size of the console": '[[vm]]\nsize = "shared-cpu-1x"\n[[vm]]\nsize = "shared-cpu-2x"\nprocesses = ["console"]\n',
    "plain TCP on 443": 'app = "a"\n[[services]]\nprotocol = "tcp"\ninternal_port = 8443\n'
    "[[services.ports]] # flightplan: ignore[dedicated-ip]\nport = 443\n",
    "a text that is no base64": '[[files]]\nguest_path = "/a"\nraw_value = "hello world, 12"\n',
    "numbers and booleans in env": "[env]\nWORKERS = 4\nDEBUG = false\nRATE = 0.5\n",
}


@pytest.mark.parametrize("case", HEALTHY)
def test_healthy_files_are_left_alone(case: str) -> None:
    assert read(HEALTHY[case], file="fly.toml").findings == ()


DID_YOU_MEAN = {
    "[http_service]\ninternal_port = 1\nauto_stop_machine = 'off'": "Did you mean `auto_stop_machines`?",
    "[http_service]\ninternal_port = 1\nautostart = true": "Did you mean `auto_start_machines`?",
    "[http_service]\ninternal_port = 1\n[http_service.concurrency]\nsoft = 1": "Did you mean `soft_limit`?",
    "[[services]]\ninternal_port = 1\nprotocol = 'tcp'\n[[services.ports]]\nport = 80\nhandler = ['http']": "Did you mean `handlers`?",
    "[[services]]\ninternal_port = 1\nprotocol = 'tcp'\n[[services.tcp_checks]]\nintervall = '15s'": "Did you mean `interval`?",
    "[[services]]\ninternal_port = 1\nprotocol = 'tcp'\n[[services.checks]]\npath = '/'": "Write [[services.http_checks]] or [[services.tcp_checks]].",
    "[[mounts]]\nsource = 'd'\ndestination = '/d'\nsnapshot-retention = 5": "Did you mean `snapshot_retention`?",
    "[[restart]]\npolicy = 'always'\nmax_retries = 3": "Did you mean `retries`?",
    "[[vm]]\nsize = 'shared-cpu-1x'\nmin_machines_running = 1": "It is a key of [http_service] and [[services]].",
    "[deploy]\nrelease_comand = 'x'": "Did you mean `release_command`?",
    "[build]\ndocker_build_target = 'x'": "Did you mean `build-target`?",
    "[http_service]\ninternal_port = 1\n'auto stop.machines' = 'off'": "Did you mean `auto_stop_machines`?",
    "[metrics]\nport = 1\npath = '/'\nprocess = ['app']": "Did you mean `processes`?",
    "primary-region = 'iad'": "Did you mean `primary_region`?",
    "[http_servce]\ninternal_port = 1": "Did you mean `http_service`?",
}


@pytest.mark.parametrize("toml", DID_YOU_MEAN)
def test_unknown_keys_meet_the_key_that_was_meant(toml: str) -> None:
    hints = [f.hint for f in read(toml, file="fly.toml").findings if f.rule == "unknown-key"]
    assert hints == [DID_YOU_MEAN[toml]]


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("max_machines_running = 3", "[http_service]\ninternal_port = 1\n"),
        ("max_machines = 3", ""),
        ("count = 3", "[[vm]]\nsize = 'shared-cpu-1x'\n"),
    ],
)
def test_keys_that_never_existed_meet_what_does_their_job(key: str, where: str) -> None:
    (hint,) = [f.hint for f in read(where + key, file="fly.toml").findings if f.rule == "unknown-key"]
    assert "a count in flightplan.toml" in hint


PLACES = {
    "dotted": (
        "http_service.internal_port = 1\nhttp_service.autostop = 'x'",
        "http_service.autostop",
        (2, 1, 22),
    ),
    "inline": ("http_service = { internal_port = 1, autostop = 'x' }", "http_service.autostop", (1, 37, 45)),
    "in a list of inline tables": (
        (
            "[[vm]]\nsize = 'shared-cpu-1x'\n[[restart]]\npolicy = 'always'\n[http_service]\ninternal_port = 1\n"
            "checks = [{ path = '/' },\n { pth = '/' }]"
        ),
        "http_service.checks[1].pth",
        (8, 4, 7),
    ),
    "out of order": (
        "[http_service.concurrency]\nsoft = 1\n[vm]\nsize = 'shared-cpu-1x'\n[http_service]\ninternal_port = 1\n",
        "http_service.concurrency.soft",
        (2, 1, 5),
    ),
    "an indented list in a list": (
        (
            "[[services]]\nprotocol = 'tcp'\ninternal_port = 1\n  [[services.ports]]\n  port = 443\n"
            "  handlers = ['tls', 'http']\n  [[services.ports]]\n  port = 80\n  handler = ['http']"
        ),
        "services[0].ports[1].handler",
        (9, 3, 10),
    ),
    "after wide characters": ("[vm]\nsize = 'shared-cpu-1x' # 日本\n'日本' = 1", "vm[0].日本", (3, 1, 5)),
    "with Windows line ends": (
        "app = 'a'\r\n[vm]\r\nsize = 'shared-cpu-1x'\r\nmem = 1\r\n",
        "vm[0].mem",
        (4, 1, 4),
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_the_key_is_where_the_finding_points(case: str) -> None:
    toml, path, place = PLACES[case]
    (finding,) = [f for f in read(toml, file="fly.toml").findings if f.rule == "unknown-key"]
    span = finding.span
    assert span is not None
    assert finding.path == path
    assert (span.line, span.column, span.end_column) == place
    assert span.end_line == span.line


def test_the_release_command_s_size_is_no_group_s() -> None:
    toml = "[[vm]]\nsize = 'shared-cpu-1x'\nprocesses = ['release_command']"
    (hint,) = [f.hint for f in read(toml, file="fly.toml").findings if f.rule == "unknown-group"]
    assert "[deploy.release_command_vm]" in hint
