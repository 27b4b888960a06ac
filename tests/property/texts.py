"""Texts that a reader of fly.toml may be handed: bytes, token soup, real files that somebody damaged, things that are deep or long."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from tests.golden.vectors import ROOT, load

TOKENS = (
    *(
        "a",
        "b",
        "a.b",
        '"a"',
        "'a'",
        '"a b"',
        "é",
        "env",
        "processes",
        "services",
        "http_service",
        "vm",
        "mounts",
        "checks",
        "ports",
    ),
    *(
        "=",
        " = ",
        "==",
        ":",
        ",",
        ".",
        "#",
        "# c",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "\\",
        '"',
        "'",
        '"""',
        "'''",
    ),
    *(
        "1",
        "0x1F",
        "1_0",
        "01",
        "1.5",
        "1e400",
        "inf",
        "-nan",
        "9223372036854775808",
        "true",
        "false",
        "True",
    ),
    *("1979-05-27", "07:32:00.123456789", "1979-05-27T07:32:00Z", "0000-01-01", "23:59:60"),
    *(
        '"x"',
        "'x'",
        '"\\u00e9"',
        '"\\e\\x41"',
        '"\\ud800"',
        '"\\q"',
        '"10s"',
        '"1gb"',
        "[]",
        "[1, 2]",
        '["web"]',
        "{}",
        "{a=1}",
        "{a=1,a=2}",
    ),
    *(
        "[a]",
        "[[a]]",
        "[a.b]",
        "[env]",
        "[[services]]",
        "[processes]",
        "[[services.ports]]",
        "internal_port = 80",
        'app = "x"',
    ),
    *(
        "\n",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\t",
        " ",
        "\x00",
        "\x7f",
        "\x0c",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "\U0001f600",
    ),
)
VALUES = (
    "1",
    '"x"',
    "true",
    "[]",
    "{}",
    '["a"]',
    "1.5",
    '"80"',
    '""',
    "-1",
    "[{a = 1}]",
    "1979-05-27",
    '"10s"',
    "10",
    "nan",
    '"""\n"""',
)


@cache
def real_files() -> tuple[str, ...]:
    """Every file of the vectors that is here, and the example."""
    lines = [line["toml"] for name in ("flytoml-cases", "wild", "mutants") for line in load(name)]
    return ((ROOT / "examples" / "acme-shop" / "fly.toml").read_text("utf-8"), *lines)


def token_soup() -> st.SearchStrategy[str]:
    """Pieces of TOML in any order."""
    return st.lists(st.sampled_from(TOKENS), max_size=40).map("".join)


@st.composite
def damaged_files(draw: st.DrawFn) -> str:
    """A real file after one to five edits of the kinds that people and editors make."""
    lines = draw(st.sampled_from(real_files())).split("\n")
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        match draw(
            st.sampled_from(
                ("cut", "twice", "swap", "value", "brackets", "case", "insert", "delete", "graft", "return")
            )
        ):
            case "cut":
                lines[at : at + 1] = []
            case "twice":
                lines.insert(draw(st.integers(0, len(lines))), line)
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], line
            case "value":
                lines[at] = f"{line.partition('=')[0]}= {draw(st.sampled_from(VALUES))}"
            case "brackets":
                lines[at] = line.replace("[[", "[").replace("]]", "]") if "[[" in line else f"[{line}]"
            case "case":
                lines[at] = line.swapcase()
            case "insert":
                column = draw(st.integers(0, len(line)))
                lines[at] = line[:column] + draw(st.sampled_from(TOKENS)) + line[column:]
            case "delete":
                column = draw(st.integers(0, len(line)))
                lines[at] = line[:column] + line[column + 1 :]
            case "graft":
                other_lines = draw(st.sampled_from(real_files())).split("\n")
                begin = draw(st.integers(0, len(other_lines) - 1))
                lines[at:at] = other_lines[begin : begin + draw(st.integers(1, 8))]
            case _:
                lines[at] = line + "\r"
        lines = lines or [""]
    return "\n".join(lines)


def deep(kind: str, depth: int) -> str:
    """Something nested `depth` times."""
    match kind:
        case "arrays":
            return "a = " + "[" * depth + "]" * depth
        case "open arrays":
            return "a = " + "[" * depth
        case "inline tables":
            return "a = " + "{a = " * depth + "1" + "}" * depth
        case "dotted key":
            return ".".join("a" * depth) + " = 1"
        case "header":
            return "[" + ".".join("a" * depth) + "]\nb = 1"
        case "everything at once":
            key = ".".join("a" * min(depth, 100))
            return f"[{key}]\n{key} = " + f"[{{{key} = " * min(depth, 45) + "1" + "}]" * min(depth, 45)
        case "env":
            key = ".".join("a" * min(depth, 100))
            return "[env]\nA = " + f"{{{key} = " * min(depth, 90) + "1" + "}" * min(depth, 90)
        case "machine_config":
            return "machine_config = '" + '{"a":' * depth + "1" + "}" * depth + "'"
        case "headers":
            return "".join(f"[{'.'.join('a' * level)}]\n" for level in range(1, depth + 1))
        case "[[headers]]":
            return "".join(f"[[{'.'.join('a' * level)}]]\n" for level in range(1, depth + 1))
        case _:
            return '{"a":' * depth + "1" + "}" * depth


DEEP = (
    *("arrays", "open arrays", "inline tables", "dotted key", "header", "headers", "[[headers]]"),
    *("everything at once", "env", "machine_config", "json"),
)
