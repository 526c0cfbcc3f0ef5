"""The workflows: actions by commit, no more rights than needed, one site tested and published."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from frame import ROOT

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.stem: path for path in sorted(FOLDER.glob("*.yml"))}


def read(name):
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_named_by_its_commit_and_its_version(name):
    used = re.findall(r"uses: (.+)", WORKFLOWS[name].read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_has_no_rights_and_each_job_those_that_it_needs(name):
    workflow = read(name)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"] and "timeout-minutes" in job
        assert set(job["permissions"]) <= {"contents", "id-token", "issues", "pages"}


def test_a_pull_request_meets_no_secret_and_no_right_to_write():
    assert "secrets." not in WORKFLOWS["test"].read_text(encoding="utf-8")
    jobs = read("test")["jobs"]
    writing = [name for name, job in jobs.items() if "write" in job["permissions"].values()]
    assert writing == ["publish"] and "github.event_name == 'push'" in jobs["publish"]["if"]


def test_the_site_that_was_tested_is_the_one_that_is_published():
    jobs = read("test")["jobs"]
    runs = [step.get("run", step.get("uses", "")) for step in jobs["book"]["steps"]]
    tested = next(n for n, run in enumerate(runs) if run == ".ci/run")
    uploaded = next(n for n, run in enumerate(runs) if "upload-pages-artifact" in run)
    assert tested < uploaded
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"lint", "publish"}
    assert all(jobs[name]["needs"] == "lint" for name in jobs["publish"]["needs"])


def test_zizmor_finds_nothing(need):
    zizmor = shutil.which("zizmor", path=Path(sys.executable).parent)
    need(zizmor, "zizmor is not installed")
    done = subprocess.run(
        [zizmor, "--offline", ".github"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


FAKE_GH = """#!/usr/bin/env bash
echo "$@" >> "$LOG"
if [ "$1 $2" = "issue list" ]; then echo "$OPEN"; fi
"""


@pytest.mark.parametrize(
    ("status", "open_issue", "done"),
    [
        ("failure", "", "issue create --repo a/b --title weekly: links"),
        ("failure", "7", "issue comment 7 --repo a/b --body Still: https://x/a/b/actions/runs/1"),
        ("success", "7", "issue close 7 --repo a/b --comment Passed again"),
        ("success", "", None),
    ],
)
def test_a_failure_opens_one_issue_and_a_success_closes_it(tmp_path, status, open_issue, done):
    gh = tmp_path / "gh"
    gh.write_text(FAKE_GH)
    gh.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
        "OPEN": open_issue,
        "GITHUB_SERVER_URL": "https://x",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_RUN_ID": "1",
    }
    command = [ROOT / "tools/weekly_issue", "weekly: links", status]
    subprocess.run(command, check=True, env=environment)
    said = (tmp_path / "log").read_text().splitlines()[1:]
    assert len(said) == (done is not None)
    assert done is None or said[0].startswith(done)
