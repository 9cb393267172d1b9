from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.errors import ProjectError
from pullpush_sdk.project import (
    FILE_NAME,
    Cron,
    Every,
    Manual,
    Project,
    Reference,
    find_project_file,
    load_project,
)

GOOD = """\
[connections.shop]
connector = "acme"
shop = "example"
token = {env = "SHOP_TOKEN"}

[connections.stock]
connector = "depot"
sandbox = "http://127.0.0.1:8101/"
depots = ["a", "b"]

[flows.main]
source = "stock"
destination = "shop"
types = ["product", "stocklevel"]
batch = 50
concurrency = 4
on_delete = "archive"
coalesce = ["product"]
state = "active"

[flows.main.locations]
"Main hall" = "1"
"2" = {sum = ["north", "south"]}

[engine]
url = "sqlite:///here.db"
"""


def load(folder: Path, text: str) -> Project:
    (folder / FILE_NAME).write_text(text)
    return load_project(folder)


def problems(folder: Path, text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ProjectError) as caught:
        load(folder, text)
    return [(each.line, each.path, each.message) for each in caught.value.problems]


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD)
    assert project.connections["shop"].settings == {"shop": "example", "token": Reference("env", "SHOP_TOKEN")}
    assert project.connections["stock"].sandbox == "http://127.0.0.1:8101"
    assert project.connections["stock"].settings == {"depots": ["a", "b"]}
    flow = project.flow("main")
    assert (flow.source, flow.destination, flow.types) == ("stock", "shop", ("product", "stocklevel"))
    assert (flow.batch, flow.concurrency, flow.on_delete, flow.state) == (50, 4, "archive", "active")
    assert flow.locations == {"Main hall": "1"}
    assert flow.sums == {"2": ("north", "south")}
    assert flow.coalesce == {"product"}
    assert project.engine == "sqlite:///here.db"


def test_a_flow_starts_in_shadow_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    text = GOOD.replace('state = "active"\n', "")
    assert load(tmp_path, text).flow("main").state == "shadow"


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "words"),
    [
        ("batch = 50", "bach = 50", 15, "$.flows.main.bach", "unknown key 'bach'"),
        ("batch = 50", "batch = 0", 15, "$.flows.main.batch", "at least 1"),
        ("batch = 50", "batch = true", 15, "$.flows.main.batch", "at least 1"),
        ('source = "stock"', 'source = "stok"', 12, "$.flows.main.source", "not a connection"),
        ('source = "stock"\n', "", 11, "$.flows.main", "source is missing"),
        ('source = "stock"', 'source = "shop"', 13, "$.flows.main.destination", "same connection"),
        ('"archive"', '"archiv"', 17, "$.flows.main.on_delete", "not one of"),
        ('["product", "stocklevel"]', "[]", 14, "$.flows.main.types", "must be a list"),
        ('["product", "stocklevel"]', '["product", "product"]', 14, "$.flows.main.types", "twice"),
        ('"Main hall" = "1"', '"Main hall" = 1', 22, "$.flows.main.locations['Main hall']", "not a location rule"),
        ('"Main hall" = "1"', '"Main hall" = "2"', 22, "$.flows.main.locations['Main hall']", "of two rules"),
        ("http://127.0.0.1:8101/", "https://example.com", 8, "$.connections.stock.sandbox", "this machine"),
        ("http://127.0.0.1:8101/", "http://a:b@127.0.0.1:1", 8, "$.connections.stock.sandbox", "this machine"),
        ('connector = "depot"\n', "", 6, "$.connections.stock", "connector is missing"),
        ("sqlite:///here.db", "nats://me:pass@host", 26, "$.engine.url", "password in clear"),
        ("sqlite:///here.db", "here.db", 26, "$.engine.url", "names no engine"),
        ("[engine]\nurl", "[engin]\nurl", 25, "$.engin", "unknown key"),
        ("[connections.stock]", '[connections."st ock"]', 6, "$.connections['st ock']", "not allowed"),
    ],
)
def test_each_mistake_is_found_at_its_place(
    *, tmp_path: Path, old: str, new: str, line: int, path: str, words: str
) -> None:
    assert GOOD.count(old) == 1
    found = problems(tmp_path, GOOD.replace(old, new))
    assert any(each[:2] == (line, path) and words in each[2] for each in found), found


def test_all_problems_come_at_once_in_line_order_and_with_near_names(tmp_path: Path) -> None:
    text = GOOD.replace("batch", "bach").replace('"shop"\ntypes', '"shpo"\ntypes').replace("[engine]", "[x]")
    with pytest.raises(ProjectError) as caught:
        load(tmp_path, text)
    found = caught.value.problems
    assert [each.line for each in found] == sorted(each.line or 0 for each in found)
    assert "3 problems" in caught.value.message
    assert [each.hint for each in found[:2]] == ["did you mean 'shop'?", "did you mean 'batch'?"]
    assert f"{tmp_path / FILE_NAME}:13: " in str(caught.value)


def test_text_that_is_not_toml_names_the_line_and_shows_nothing_of_it(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        load(tmp_path, '[connections.shop]\ntoken = "s3cr3t-text\n')
    assert caught.value.problems[0].line == 2
    assert "s3cr3t" not in str(caught.value)


def test_the_file_is_found_upward_and_a_missing_one_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    with pytest.raises(ProjectError, match="pullpush init"):
        find_project_file()
    (tmp_path / FILE_NAME).write_text("")
    assert find_project_file() == tmp_path / FILE_NAME
    with pytest.raises(ProjectError, match="no project file"):
        find_project_file(tmp_path / "deep")


def test_unknown_names_are_refused_with_the_nearest(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD)
    with pytest.raises(ProjectError, match="did you mean 'main'") as caught:
        project.flow("mian")
    assert "it has: main" in caught.value.message
    with pytest.raises(ProjectError, match="did you mean 'shop'"):
        project.connection("shoop")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc-", max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "connections": _json | st.dictionaries(st.sampled_from(["a", "b"]), _json),
            "flows": _json
            | st.dictionaries(
                st.sampled_from(["f", "g"]),
                st.dictionaries(st.sampled_from(["source", "destination", "types", "locations", "batch"]), _json),
            ),
            "engine": _json,
            "other": _json,
        },
    )
)
def test_any_document_gives_problems_and_never_another_error(document: dict[str, object]) -> None:
    from pullpush_sdk.project._lines import Lines
    from pullpush_sdk.project._parse import parse_document

    found: list[object] = []
    parse_document(document, file=Path("pullpush.toml"), lines=Lines(""), problems=found)  # type: ignore[arg-type]
    assert all(str(each) for each in found)


def test_the_options_of_a_flow_are_read(tmp_path: Path) -> None:
    text = GOOD.replace(
        "[engine]",
        """[flows.main.schedule]
default = "every 2m"
stocklevel = "every 30s"
product = "0 2 * * *"
reconcile = "30 3 * * 1-5"
timezone = "Europe/Oslo"

[flows.main.match]
product = "barcode"

[flows.main.owner]
stocklevel = "source"

[flows.main.destination_settings]
notify = true
note = {env = "NOTE"}

[engine]""",
    )
    flow = load(tmp_path, text).flow("main")
    assert flow.schedule.of("stocklevel") == Every(30)
    assert flow.schedule.of("product") == Cron("0 2 * * *", "Europe/Oslo")
    assert flow.schedule.of("order") == Every(120)
    assert flow.schedule.reconcile == Cron("30 3 * * 1-5", "Europe/Oslo")
    assert flow.match == {"product": "barcode"}
    assert flow.owner == {"stocklevel": "source"}
    assert flow.destination_settings == {"notify": True, "note": Reference("env", "NOTE")}


def test_a_flow_without_a_schedule_reads_every_five_minutes_and_never_reconciles(tmp_path: Path) -> None:
    flow = load(tmp_path, GOOD).flow("main")
    assert flow.schedule.of("stocklevel") == Every(300)
    assert flow.schedule.reconcile == Manual()


@pytest.mark.parametrize(
    ("table", "path", "words"),
    [
        ('schedule]\nstocklevel = "every 0s"', "schedule.stocklevel", "from one second to a year"),
        ('schedule]\nstocklevel = "every ten minutes"', "schedule.stocklevel", "is no schedule"),
        ('schedule]\nstocklevel = "* * *"', "schedule.stocklevel", "five fields"),
        ('schedule]\nstocklevel = "61 * * * *"', "schedule.stocklevel", "bad minute"),
        ('schedule]\nstocklevel = "0 0 30 2 *"', "schedule.stocklevel", "is no schedule"),
        ("schedule]\nstocklevel = 30", "schedule.stocklevel", "must be a text"),
        ('schedule]\nstockleve = "manual"', "schedule.stockleve", "not among the types"),
        ('schedule]\ntimezone = "Europe/Osslo"', "schedule.timezone", "no time zone"),
        ('match]\nproduct = "title"', "match.product", "cannot be matched by 'title'"),
        ('match]\nstocklevel = "sku"', "match.stocklevel", "always told apart by their key"),
        ('owner]\nproduct = "me"', "owner.product", "not source or destination"),
        ('owner]\norder = "source"', "owner.order", "not among the types"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_reported_with_its_line(tmp_path: Path, table: str, path: str, words: str) -> None:
    text = GOOD.replace("[engine]", f"[flows.main.{table}\n\n[engine]")
    (found,) = problems(tmp_path, text)
    line = text.splitlines().index(table.splitlines()[1]) + 1
    assert found[:2] == (line, f"$.flows.main.{path}")
    assert words in found[2]


def test_a_table_of_a_flow_that_is_no_table_is_reported(tmp_path: Path) -> None:
    text = GOOD.replace("batch = 50", 'schedule = "every 5m"')
    ((line, path, words),) = problems(tmp_path, text)
    assert (line, path) == (15, "$.flows.main.schedule")
    assert "not a table" in words
