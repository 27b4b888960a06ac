"""Small worlds drawn at random in which the gate is asked once: histories × fleets × plans."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.month.oracle import Case, Done, Landed, Review, Touched, Verb
from tests.simulator_github.git import Repository

Doc = dict[str, Any]
LOCAL = "conf/app.conf"
GROUPS = ("web", "worker")
MACHINES = {"m1": "web", "m2": "web", "m3": "worker"}
INPUTS: tuple[dict[str, str], ...] = (
    {},
    {"strategy": "rolling"},
    {"strategy": "immediate"},
    {"scale": "web=2"},
)
COUNTS: tuple[Any, ...] = (None, 1, 2, {"ams": 1}, "absent")


class _World:
    """Main's line so far, and what landed."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.git = Repository()
        self.docs: dict[str, Doc] = {}
        self.landed: list[Landed] = []
        self.moment = 1_790_000_000
        self.main = [self.commit({"fly": _doc(dice), "policy": {}, "conf": 0, "code": 0}, [])]

    def commit(self, doc: Doc, parents: list[str]) -> str:
        self.moment += 60
        files = {name: self.git.entry(text) for name, text in _render(doc).items()}
        sha = self.git.commit(
            files, parents=parents, author="mona", message=f"c{len(self.docs)}", when=self.moment
        )
        self.docs[sha] = doc
        return sha

    def step(self) -> None:
        """One more push to main."""
        roll = self.dice.random()
        tip = self.main[-1]
        if roll < 0.25:
            kind = "code" if self.dice.random() < 0.6 else "config"
            self.main.append(self.commit(self.change(self.docs[tip], kind), [tip]))
        else:
            self.pull()

    def change(self, doc: Doc, kind: str | None = None) -> Doc:
        dice, made = self.dice, copy.deepcopy(doc)
        kind = kind or dice.choice(("code", "config", "config", "both"))
        if kind != "config":
            made["code"] += 1 + dice.randrange(3)
        if kind == "code":
            return made
        match dice.randrange(6):
            case 0:
                made["conf"] = dice.randrange(3)
            case 1:
                made["policy"] = {"groups": {"web": {"count": dice.randrange(3)}}}
            case 2 if not isinstance(made["fly"], str):
                made["fly"]["vm"] = [{"m": dice.randrange(2)} for _ in range(dice.randrange(3))]
            case 3 if dice.random() < 0.3:
                made["fly"] = "not = = toml" if dice.random() < 0.5 else _doc(dice)
            case _ if not isinstance(made["fly"], str):
                table = made["fly"] if dice.random() < 0.4 else made["fly"].setdefault("env", {})
                name = dice.choice(("x", "y", "z"))
                if dice.random() < 0.25:
                    table.pop(name, None)
                else:
                    table[name] = dice.randrange(3)
            case _:
                made["fly"] = _doc(dice)
        return made

    def pull(self) -> None:
        """A pull request from somewhere on main's line, merged somehow, planned some time before."""
        dice, tip = self.dice, self.main[-1]
        fork = dice.choice(self.main[-3:])
        heads = [fork]
        for _ in range(dice.choice((1, 1, 2))):
            heads.append(self.commit(self.change(self.docs[heads[-1]]), [heads[-1]]))
        head, own = heads[-1], heads[1:]
        how = dice.choice(("merge", "squash", "rebase"))
        new: list[str] = []
        if how == "rebase":
            for commit, before in zip(own, heads, strict=False):
                doc = _merged(self.docs[before], self.docs[new[-1] if new else tip], self.docs[commit])
                new.append(self.commit(self.tampered(doc), [new[-1] if new else tip]))
        else:
            doc = _merged(self.docs[fork], self.docs[tip], self.docs[head])
            new.append(self.commit(self.tampered(doc), [tip, head] if how == "merge" else [tip]))
        planned = dice.choice(self.main[self.main.index(fork) :])
        self.landed.append(
            Landed(
                number=len(self.landed) + 1,
                at=new[-1],
                head=head,
                commits=len(own),
                review=self.review(planned, new[-1]) if dice.random() < 0.8 else None,
            )
        )
        self.main += new

    def tampered(self, doc: Doc) -> Doc:
        """Sometimes a merge brings one thing more, or one less."""
        return self.change(doc) if self.dice.random() < 0.1 else doc

    def review(self, planned_on: str, landed: str) -> Review:
        dice = self.dice
        same = dice.random() < 0.5
        return Review(
            planned_on=planned_on if dice.random() < 0.85 else None,
            tree=self.git.info(landed if same else planned_on).tree if dice.random() < 0.9 else None,
            image=dice.choice((None, "d1", "d2")),
            fingerprints={g: frozenset(dice.sample(("f0", "f1", "f2"), dice.randrange(3))) for g in GROUPS},
            shown={m: _volumes(dice) for m in MACHINES if dice.random() < 0.4},
            counts={g: dice.choice(COUNTS) for g in GROUPS},
            inputs=dice.choice(INPUTS[:3]),
            consent=dice.choice(("none", "surplus", "all", "all")),
            plan=dice.choice(("now", "other", "other", "other")),
        )


def draw_case(dice: Random) -> Case:
    """One question."""
    world = _World(dice)
    for _ in range(dice.randrange(1, 5)):
        world.step()
    line = world.main
    head = line[-1] if dice.random() < 0.85 else dice.choice(line)
    side = world.commit(world.change(world.docs[line[0]]), [line[0]])
    live = dice.choice((*line, *line, side))
    done = Done(commit=live, inputs=dice.choice(INPUTS[:3])) if dice.random() < 0.7 else None
    written = [] if done is None and dice.random() < 0.5 else [dice.choice((live, live, dice.choice(line)))]
    return Case(
        git=world.git,
        head=head,
        landed=world.landed,
        done=done,
        written=written,
        reads=frozenset(("fly.toml", "flightplan.toml", LOCAL)),
        inputs=dice.choice(INPUTS) if dice.random() < 0.5 else (done.inputs if done else {}),
        counts={g: dice.choice(COUNTS[:4]) for g in GROUPS if dice.random() < 0.8},
        marks={g: frozenset(dice.sample(("f0", "f1"), dice.randrange(3))) for g in GROUPS},
        touched=_touched(dice, may_be_ours=done is not None and not world.git.contains(done.commit, head)),
        image=dice.choice((None, None, "d1", "d2", "d3")),
        image_tree=dice.choice((None, None, None, world.git.info(head).tree, world.git.info(line[0]).tree)),
        exact=dice.random() < 0.1,
    )


def _touched(dice: Random, *, may_be_ours: bool) -> Sequence[Touched]:
    return [
        Touched(
            id=machine,
            group=group,
            verb=dice.choice((Verb.UPDATE, Verb.UPDATE, Verb.REPLACE, Verb.DESTROY)),
            fingerprint=dice.choice(("f0", "f0", "f1", "f2")),
            volumes=_volumes(dice),
            ours_since_done=may_be_ours and dice.random() < 0.2,
        )
        for machine, group in MACHINES.items()
        if dice.random() < 0.4
    ]


def _volumes(dice: Random) -> frozenset[str]:
    return frozenset(dice.sample(("v1", "v2"), dice.choice((0, 0, 0, 1, 2))))


def _doc(dice: Random) -> Doc:
    return {
        "x": dice.randrange(2),
        "env": {"x": dice.randrange(2), "y": dice.randrange(2)},
        "vm": [{"m": dice.randrange(2)} for _ in range(dice.randrange(3))],
    }


def _render(doc: Doc) -> dict[str, str]:
    return {
        "fly.toml": doc["fly"] if isinstance(doc["fly"], str) else _toml(doc["fly"]),
        "flightplan.toml": _toml(doc["policy"]),
        LOCAL: f"conf {doc['conf']}\n",
        "code.py": f"print({doc['code']})\n",
    }


def _toml(table: Doc, path: str = "") -> str:
    lines = [f"{k} = {v}" for k, v in table.items() if not isinstance(v, dict | list)]
    for name, value in table.items():
        below = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            lines.append(f"[{below}]\n{_toml(value, below)}")
        elif isinstance(value, list):
            lines += [f"[[{below}]]\n{_toml(item, below)}" for item in value]
    return "\n".join(lines) + "\n"


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    """Three-way, field by field; where both changed one, theirs."""
    if all(isinstance(v, dict) for v in (base, ours, theirs)):
        found = {}
        for key in {*base, *ours, *theirs}:
            value = _merged(*(t.get(key, _GONE) for t in (base, ours, theirs)))
            if value is not _GONE:
                found[key] = value
        return {k: found[k] for k in sorted(found)}
    return ours if theirs == base else theirs


_GONE = object()
