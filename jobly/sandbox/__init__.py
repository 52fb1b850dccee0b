"""The boards Jobly publishes to, as a program of its own: no account needed, every fault on demand.

Run it by `manage.py sandbox --port N` or `python -m jobly.sandbox --port N [--state DIR]`. It
imports nothing but the standard library, so a fault test can kill and restart it in an instant.

Three boards answer under one address, each by the contract its board publishes:

`/linkedin`  `POST oauth/v2/accessToken`, `POST {rest|v2}/simpleJobPostings`,
             `GET {rest|v2}/simpleJobPostingTasks?ids=`, `GET {rest|v2}/jobPostingStatus?ids=`.
             LinkedIn's own path of the last one, the live status by externalJobPostingId, is not
             published; ours answers Rest.li batch style with listingStatus, jobPostingUrl and
             jobPostingInfo {urn}.
`/indeed`    `POST oauth/v2/tokens`, `POST graphql`: createSourcedJobPostings,
             expireSourcedJobsBySourcedPostingId, node(id:), nodes(ids:).
`/glassdoor` `POST|PUT|DELETE|GET api/employer/jobs[/{id}]`, `GET api/employer/jobs?reference=`,
             headers X-Partner-Id, X-API-Key and Idempotency-Key.

For whoever tests, from this machine only and without auth: `GET /ledger?board=&after=`,
`GET /live?board=`, `GET|PUT|DELETE /faults`, `POST /reset`, and pages at `/` and
`/{board}/jobs/{post_id}` that show what a job seeker would see.
"""
