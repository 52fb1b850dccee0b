"""The sandbox as a process of its own, and clients that speak each board's contract."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
DELAY = 0.3
DESCRIPTION = "<p>Joins pipes by TIG and by hand, reads drawings and teaches apprentices.</p>" * 2


class Boards:
    """One running sandbox."""

    def __init__(self, state: Path | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        command = [sys.executable, "-m", "jobly.sandbox", "--port", str(port), "--host", host]
        command += ["--delay", str(DELAY)] + (["--state", str(state)] if state else [])
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.port = int(self.url.rpartition(":")[2])
        self.http = requests.Session()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End the program, if it still runs; return its exit code."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(by)
        self.process.stdout.close()
        return self.process.wait(5)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", 10)
        return self.http.request(method, self.url + path, **options)

    def reset(self) -> None:
        assert self.call("POST", "/reset").status_code == 200

    def plan(self, *faults: dict[str, Any], **more: Any) -> None:
        said = self.call("PUT", "/faults", json={"faults": list(faults), **more})
        assert said.status_code == 200, said.text

    def ledger(self, board: str = "") -> list[tuple[str, str, str]]:
        entries = self.call("GET", f"/ledger?board={board}").json()["entries"]
        return [(e["op"], e["external_id"], e["outcome"]) for e in entries if e["op"] != "auth"]

    def live(self, board: str = "") -> list[dict[str, Any]]:
        return self.call("GET", f"/live?board={board}").json()["posts"]

    def live_ids(self, board: str = "") -> list[str]:
        return [post["external_id"] for post in self.live(board)]


class LinkedIn:
    """A client application at LinkedIn."""

    def __init__(self, boards: Boards, client: str = "app", flavour: str = "rest") -> None:
        self.boards, self.client, self.flavour = boards, client, flavour
        self.token = self.sign_in().json()["access_token"]

    def sign_in(self, **overrides: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client,
            "client_secret": "secret",
            **overrides,
        }
        return self.boards.call("POST", "/linkedin/oauth/v2/accessToken", data=form)

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}", "LinkedIn-Version": "202604"}
        return {**headers, "X-Restli-Method": "batch_create"}

    def submit(self, *elements: Any, **options: Any) -> requests.Response:
        options.setdefault("headers", self.headers)
        path = f"/linkedin/{self.flavour}/simpleJobPostings"
        return self.boards.call("POST", path, json={"elements": list(elements)}, **options)

    def get(self, resource: str, *ids: str) -> requests.Response:
        path = f"/linkedin/{self.flavour}/{resource}"
        return self.boards.call("GET", path, params={"ids": ids}, headers=self.headers)

    def task(self, urn: str) -> dict[str, Any]:
        return self.get("simpleJobPostingTasks", urn).json()["results"][urn]

    def outcome(self, urn: str) -> dict[str, Any]:
        return until(lambda: (t := self.task(urn))["status"] != "IN_PROGRESS" and t)

    def listing(self, name: str) -> dict[str, Any] | None:
        return self.get("jobPostingStatus", name).json()["results"].get(name)


class Indeed:
    """A client application at Indeed."""

    CREATE = """mutation Create($input: CreateSourcedJobPostingsInput) {
      jobsIngest { createSourcedJobPostings(input: $input) {
        results { jobPosting { sourcedPostingId employerJobId } } } } }"""
    EXPIRE = """mutation Expire($input: ExpireSourcedJobsBySourcedPostingIdInput!) {
      jobsIngest { expireSourcedJobsBySourcedPostingId(input: $input) {
        results { trackingKey } } } }"""
    STATUS = """query Status($ids: [ID!]!) { nodes(ids: $ids) { ... on EmployerJob { id
      seatsConnection { seats { jobPost { status { globalStatus { lifecycleStatus } } } } } } } }"""

    def __init__(self, boards: Boards, client: str = "app") -> None:
        self.boards, self.client = boards, client
        self.token = self.sign_in().json()["access_token"]

    def sign_in(self, **overrides: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client,
            "client_secret": "secret",
            "scope": "employer_access",
            **overrides,
        }
        return self.boards.call("POST", "/indeed/oauth/v2/tokens", data=form)

    def ask(self, query: Any, variables: Any = None, **options: Any) -> requests.Response:
        options.setdefault("headers", {"Authorization": f"Bearer {self.token}"})
        body = {"query": query, "variables": variables}
        return self.boards.call("POST", "/indeed/graphql", json=body, **options)

    def create(self, *postings: Any, **options: Any) -> requests.Response:
        return self.ask(self.CREATE, {"input": {"jobPostings": list(postings)}}, **options)

    def created(self, posting: Any) -> dict[str, str]:
        data = self.create(posting).json()["data"]
        return data["jobsIngest"]["createSourcedJobPostings"]["results"][0]["jobPosting"]

    def expire(self, post_id: str) -> requests.Response:
        return self.ask(self.EXPIRE, {"input": {"jobs": [{"sourcedPostingId": post_id}]}})

    def status(self, node_id: str) -> dict[str, Any]:
        node = self.ask(self.STATUS, {"ids": [node_id]}).json()["data"]["nodes"][0]
        return node["seatsConnection"]["seats"][0]["jobPost"]["status"]

    def stage(self, node_id: str) -> str:
        return self.status(node_id)["globalStatus"]["lifecycleStatus"]


class Glassdoor:
    """A partner at Glassdoor."""

    def __init__(self, boards: Boards, partner: str = "partner") -> None:
        self.boards = boards
        self.headers = {"X-Partner-Id": partner, "X-API-Key": "key"}

    def call(self, method: str, path: str = "", key: str = "", **options: Any) -> Any:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        path = f"/glassdoor/api/employer/jobs{path}"
        return self.boards.call(method, path, headers=headers, **options)

    def create(self, body: Any, key: str = "", **options: Any) -> requests.Response:
        return self.call("POST", key=key, json=body, **options)

    def find(self, reference: str) -> list[dict[str, Any]]:
        return self.call("GET", f"?reference={reference}").json()["jobs"]


def make_element(name: str = "job-1", operation: str = "CREATE", **overrides: Any) -> Any:
    """Make one valid element of simpleJobPostings; None takes a field out."""
    element = {
        "externalJobPostingId": name,
        "jobPostingOperationType": operation,
        "title": "Welder",
        "description": DESCRIPTION,
        "listedAt": int(time.time() * 1000) - 1000,
        "location": "Oslo, Norway",
        "companyApplyUrl": "https://acme.example/jobs/1",
        "companyName": "Acme",
        "posterEmail": "jobs@acme.example",
        **overrides,
    }
    return {key: value for key, value in element.items() if value is not None}


def make_posting(name: str = "job-1", **overrides: Any) -> Any:
    """Make one valid posting for Indeed; keys with `__` between go down the tree."""
    posting: dict[str, Any] = {
        "body": {
            "title": "Welder",
            "description": DESCRIPTION,
            "descriptionFormatting": "RICH_FORMATTING",
            "location": {"country": "NO", "cityRegionPostal": "Oslo"},
            "benefits": [],
        },
        "metadata": {
            "jobSource": {
                "companyName": "Acme",
                "sourceName": "Acme Group",
                "sourceType": "Employer",
            },
            "jobPostingId": name,
            "datePublished": "2026-01-02T12:00Z",
            "url": "https://acme.example/jobs/1",
        },
    }
    for path, value in overrides.items():
        *parents, last = path.split("__")
        place = posting
        for parent in parents:
            place = place[parent]
        place[last] = value
    return posting


def make_job(name: str = "job-1", **overrides: Any) -> Any:
    """Make one valid body for the generic REST board; None takes a field out."""
    job = {
        "externalReference": name,
        "jobTitle": "Welder",
        "location": "Oslo, Norway",
        "salaryMin": 40_000,
        "salaryMax": 50_000,
        "salaryCurrency": "EUR",
        "description": DESCRIPTION,
        "applyUrl": "https://acme.example/jobs/1",
        **overrides,
    }
    return {key: value for key, value in job.items() if value is not None}


def until(found: Any, seconds: float = 5.0) -> Any:
    """Ask again and again until the answer is true; return it."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return answer
