"""The command line as a user meets it: exit codes, streams, files, messages without tracebacks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from handgrad.cli import run

SOURCE = Path(__file__).parent.parent / "src"
EXAMPLES = Path(__file__).parent.parent / "examples"
TEXT = """
X: (n, m)
Y: (1, m)
W1: (h, n)
b1: (h, 1)
W2: (1, h)
b2: (1, 1)
Z1 = W1 @ X + b1
A1 = g(Z1)
Z2 = W2 @ A1 + b2
A2 = sigmoid(Z2)
J = -sum(Y * log(A2) + (1 - Y) * log(1 - A2)) / m
"""


def start(folder, *arguments, environment=None, **options):
    found = {**os.environ, "PYTHONPATH": str(SOURCE), "COLUMNS": "100", **(environment or {})}
    command = [sys.executable, "-m", "handgrad", *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, env=found, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def handgrad(folder, *arguments, environment=None):
    """(exit code, stdout, stderr) of a command."""
    process = start(folder, *arguments, environment=environment)
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.txt").write_text(TEXT)
    rng = np.random.default_rng(0)
    x = rng.normal(size=80)
    frame = pl.DataFrame({"x": x, "noise": rng.normal(size=80), "t": ["yes" if value > 0 else "no" for value in x]})
    frame.write_csv(tmp_path / "data.csv")
    return tmp_path


TRAIN = ("train", "data.csv", "--target", "t", "--model", "net.txt")


def test_train_predict_and_report(folder):
    code, out, err = handgrad(folder, *TRAIN, "--epochs", "60", "--alpha", "0.5", "--report", "report.md")
    assert (code, err) == (0, "")
    for line in ("∂J/∂W2 = (A2 − Y) A1ᵀ/m", "target 't': 'yes' is 1, 'no' is 0", "size h = 16", "ROC AUC"):
        assert line in out
    assert "Wrote model.safetensors, model.png, report.md" in out
    assert (folder / "model.png").read_bytes().startswith(b"\x89PNG")
    report = (folder / "report.md").read_text()
    assert "![Training and validation cost by epoch](model.png)" in report
    assert "$$" in report
    code, out, err = handgrad(folder, "predict", "model.safetensors", "data.csv")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "row,prediction,probability of no,probability of yes"
    assert len(lines) == 81
    right = sum(
        line.split(",")[1] == row for line, row in zip(lines[1:], pl.read_csv(folder / "data.csv")["t"], strict=True)
    )
    assert right >= 75
    code, out, err = handgrad(folder, "predict", "model.safetensors", "data.csv", "-o", "p.csv")
    assert (code, out) == (0, "")
    assert (folder / "p.csv").read_text().splitlines() == lines


def test_quiet_prints_nothing_and_no_curve_draws_none(folder):
    assert handgrad(folder, *TRAIN, "--epochs", "2", "-q", "--no-curve", "-o", "q.safetensors") == (0, "", "")
    assert {each.name for each in folder.iterdir()} == {"net.txt", "data.csv", "q.safetensors"}


def test_the_article_s_network_on_the_breast_cancer_table(folder):
    code, out, _ = handgrad(
        folder, "train", EXAMPLES / "breast_cancer.csv", "--target", "diagnosis", "--model", "net.txt"
    )
    assert code == 0
    accuracy = float(next(line for line in out.splitlines() if line.startswith("test")).split()[1])
    assert accuracy >= 0.96


def test_same_seed_same_bytes(folder):
    for name in ("a", "b"):
        handgrad(folder, *TRAIN, "--epochs", "3", "--no-curve", "-o", f"{name}.safetensors")
    assert (folder / "a.safetensors").read_bytes() == (folder / "b.safetensors").read_bytes()


def test_control_c_writes_the_best_so_far(folder):
    process = start(folder, *TRAIN, "--epochs", "100000000", "--no-curve")
    assert process.stdout is not None
    for line in process.stdout:
        if b"Equations and gradients" in line:
            break
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == b""
    assert "Interrupted after epoch" in out.decode()
    assert handgrad(folder, "predict", "model.safetensors", "data.csv", "-o", "p.csv")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "none.csv", *TRAIN[2:]), "there is no file none.csv"),
        (("train", ".", *TRAIN[2:]), ". is a directory"),
        (("train", "data.csv", "--target", "T1", "--model", "net.txt"), "data.csv has no column 'T1'"),
        (("train", "data.csv", "--target", "t", "--model", "none.txt"), "none.txt"),
        (("train", "data.csv", "--target", "t", "--model", "."), "."),
        (("train", "data.csv", "--target", "t", "--model", "latin.txt"), "not UTF-8"),
        ((*TRAIN, "--let", "g"), "--let g: expected NAME=VALUE"),
        ((*TRAIN, "--let", "g=tanh", "--let", "g=relu"), "--let gives g twice: tanh and relu"),
        ((*TRAIN, "--let", "g=nonsense"), "nonsense"),
        ((*TRAIN, "--size", "h=many"), "'many' is no whole number"),
        ((*TRAIN, "--size", "q=3"), "the model has no size 'q'"),
        ((*TRAIN, "--alpha", "-1"), "the learning rate is -1"),
        ((*TRAIN, "--init", "zero"), "symmetry"),
        ((*TRAIN, "-o", "none/model.safetensors"), "there is no directory none"),
        ((*TRAIN, "--curve", "curve.docx"), "curve.docx is no picture that can be drawn"),
        ((*TRAIN, "--epochs", "many"), "epochs"),
        ((*TRAIN, "--unknown"), "unknown"),
        (("train", "data.csv"), "target"),
        (("predict", "data.csv", "data.csv"), "data.csv is not a model file of Handgrad"),
        (("predict", "none.safetensors", "data.csv"), "there is no such file"),
        (("derive", "none.txt"), "none.txt"),
        (("derive", "net.txt", "--wrt", "Q"), "Q"),
        (("derive", "net.txt", "--of", "Z1"), "Z1 is not a scalar"),
        (("derive", "deep.txt"), "deep.txt"),
        (("nonsense",), "nonsense"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(folder, arguments, message, capfd, monkeypatch):
    (folder / "latin.txt").write_bytes("é = 1".encode("latin1"))
    (folder / "deep.txt").write_text("J = " + "(" * 10_000 + "x" + ")" * 10_000)
    before = {each.name for each in folder.iterdir()}
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    assert run(list(map(str, arguments))) == 2
    out, err = capfd.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert {each.name for each in folder.iterdir()} == before


def test_divergence_writes_nothing(folder):
    (folder / "net.txt").write_text("X: (n, m)\nY: (1, m)\nW: (1, n)\nZ = W @ X\nJ = sum((Z - Y) ** 2) / m\n")
    code, _, err = handgrad(folder, "train", "data.csv", "--target", "noise", "--model", "net.txt", "--alpha", "1000")
    assert code == 2
    assert err.startswith("error: training diverges: with learning rate 1000 the cost is")
    assert "try: a smaller learning rate, such as --alpha 100" in err
    assert "Warning" not in err
    assert {each.name for each in folder.iterdir()} == {"net.txt", "data.csv"}


def test_predicting_names_missing_columns(folder):
    handgrad(folder, *TRAIN, "--epochs", "1", "--no-curve")
    (folder / "other.csv").write_text("x,more\n1,2\n")
    code, out, err = handgrad(folder, "predict", "model.safetensors", "other.csv")
    assert (code, out) == (2, "")
    assert "other.csv lacks 1 column that the model was trained on: 'noise'" in err


@pytest.mark.parametrize("form", ["text", "latex", "markdown", "html", "numpy"])
def test_derive_prints_every_form(folder, form):
    code, out, err = handgrad(folder, "derive", "net.txt", "--let", "g=tanh", "--to", form)
    assert (code, err) == (0, "")
    assert len(out) > 200
    code, printed, _ = handgrad(folder, "derive", "net.txt", "--let", "g=tanh", "--to", form, "-o", "d.out")
    assert (code, printed) == (0, "")
    assert (folder / "d.out").read_text() == out


def test_derive_options(folder):
    _, whole, _ = handgrad(folder, "derive", "net.txt")
    code, short, _ = handgrad(folder, "derive", "net.txt", "--no-steps", "--wrt", "W1", "--wrt", "b2", "--of", "J")
    assert code == 0
    assert len(short) < len(whole)
    assert "∂J/∂b2 = (A2 − Y) 1/m" in short
    assert "∂J/∂W2 =" not in short
    code, functions, _ = handgrad(folder, "derive", "net.txt", "--functions")
    assert code == 0
    assert len(functions) > len(whole)


def test_a_reader_that_leaves_early_is_no_error(folder):
    process = start(folder, "derive", "net.txt")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()


def test_a_terminal_without_unicode_gets_escapes(folder):
    code, out, err = handgrad(folder, "derive", "net.txt", environment={"PYTHONIOENCODING": "ascii"})
    assert (code, err) == (0, "")
    assert "\\u2202J/\\u2202W2" in out


def test_help_comes_at_once_without_heavy_libraries(tmp_path):
    code, out, _ = handgrad(tmp_path, "--help")
    assert code == 0
    for word in ("derive", "train", "predict", "Example"):
        assert word in out
    for command in ("derive", "train", "predict"):
        code, out, _ = handgrad(tmp_path, command, "--help")
        assert code == 0
        assert "Example: handgrad " + command in out
    heavy = ("numpy", "polars", "sklearn", "matplotlib", "scipy", "lark")
    probe = f"import sys, handgrad.cli; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


def test_version(tmp_path):
    code, out, _ = handgrad(tmp_path, "--version")
    assert code == 0
    assert out.strip()[0].isdigit()
